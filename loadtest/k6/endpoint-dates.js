// GET /api/v1/concerts/{concertId}/dates
import { accept, openSeats, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('dates');
export const handleSummary = told('dates');

export function setup() {
  return openSeats('k6 dates', 500);
}

export default function ({ concertId, showId }) {
  const answer = send('GET', `/api/v1/concerts/${concertId}/dates`, { name: 'dates' });
  accept(answer, 'the dates are there', (b) => b.length === 1 && b[0].showId === showId);
  rest();
}
