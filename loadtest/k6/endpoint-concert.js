// GET /api/v1/concerts/{concertId}
import { accept, openSeats, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('concert');
export const handleSummary = told('concert');

export function setup() {
  return openSeats('k6 concert', 500);
}

export default function ({ concertId }) {
  const answer = send('GET', `/api/v1/concerts/${concertId}`, { name: 'concert' });
  accept(answer, 'it is the concert', (b) => b.concertId === concertId && b.dates.length === 1);
  rest();
}
