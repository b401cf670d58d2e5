// POST /api/v1/reservations/{showId}: who gets in holds one of many seats and goes.
import { comeIn, hold, leave, me, openSeats, seatId } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('hold', { holds_won: ['count>0'] });
export const handleSummary = told('hold');

const rows = 1000;

export function setup() {
  return openSeats('k6 hold', rows * 50);
}

export default function ({ concertId, showId }) {
  const token = comeIn(me(), concertId);
  if (token) {
    hold(me(), token, showId, [seatId(showId, Math.floor(Math.random() * rows), 1 + Math.floor(Math.random() * 50))]);
    leave(me(), token);
  }
  rest();
}
