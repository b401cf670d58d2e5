// POST /api/v1/queues/tokens/{targetId}: a place first, the same place then.
import { check } from 'k6';
import { join, me, openSeats } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('join');
export const handleSummary = told('join');

let sequence = 0;

export function setup() {
  return openSeats('k6 join', 500);
}

export default function ({ concertId }) {
  const place = join(me(), concertId);
  if (place && sequence > 0) check(place, { 'asking again gives the same place, or a later one': (p) => p.sequence >= sequence });
  if (place) sequence = place.sequence;
  rest();
}
