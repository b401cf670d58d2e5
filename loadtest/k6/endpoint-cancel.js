// DELETE /api/v1/reservations/{reservationId}: who gets in holds a seat, gives it back and goes.
import { accept, comeIn, hold, leave, me, openSeats, seatId, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('cancel', { holds_won: ['count>0'] });
export const handleSummary = told('cancel');

const rows = 1000;

export function setup() {
  return openSeats('k6 cancel', rows * 50);
}

export default function ({ concertId, showId }) {
  const as = me();
  const token = comeIn(as, concertId);
  const seat = seatId(showId, Math.floor(Math.random() * rows), 1 + Math.floor(Math.random() * 50));
  const reservation = token && hold(as, token, showId, [seat]);
  if (reservation) {
    const answer = send('DELETE', `/api/v1/reservations/${reservation.reservationId}`, { name: 'cancel', as });
    accept(answer, 'the reservation is given back', (b) => b.status === 'CANCELLED' && b.seats[0] === seat);
  }
  if (token) leave(as, token);
  rest();
}
