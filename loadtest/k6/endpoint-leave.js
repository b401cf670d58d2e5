// DELETE /api/v1/queues/tokens: joins, and gives the place up.
import { join, leave, me, openSeats } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('leave');
export const handleSummary = told('leave');

export function setup() {
  return openSeats('k6 leave', 500);
}

export default function ({ concertId }) {
  const place = join(me(), concertId);
  if (place) leave(me(), place.token);
  rest();
}
