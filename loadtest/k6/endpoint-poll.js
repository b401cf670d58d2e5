// POST /api/v1/queues/enter: where does my place stand? Asked more often than the answer says.
import { join, me, openSeats, poll } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('poll');
export const handleSummary = told('poll');

let token = null;

export function setup() {
  return openSeats('k6 poll', 500);
}

export default function ({ concertId }) {
  if (!token) token = (join(me(), concertId) || { token: null }).token;
  else {
    const seen = poll(me(), token);
    if (seen && seen.status === 'EXPIRED') token = null;
  }
  rest();
}
