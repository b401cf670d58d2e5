// GET /api/v1/queues/{targetId}: a waiting room's figures.
import { accept, openSeats, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('room');
export const handleSummary = told('room');

export function setup() {
  return openSeats('k6 room', 500);
}

export default function ({ concertId }) {
  const answer = send('GET', `/api/v1/queues/${concertId}`, { name: 'room' });
  accept(answer, 'never more inside than fit', (b) => b.active <= b.capacity && b.peakActive <= b.capacity);
  rest();
}
