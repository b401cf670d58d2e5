// GET /api/v1/concerts/dates/{showId}/seats
import { openSeats, seatMap } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('seats');
export const handleSummary = told('seats');

export function setup() {
  return openSeats('k6 seats', 500);
}

export default function ({ showId }) {
  seatMap(undefined, showId);
  rest();
}
