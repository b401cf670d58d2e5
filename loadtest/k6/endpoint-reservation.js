// GET /api/v1/reservations/{reservationId}: fans look at their own.
import { accept, comeIn, fan, hold, leave, openSeats, pick, seatId, send } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

export const options = endpoint('reservation');
export const handleSummary = told('reservation');

/** Fifty fans with a hold each. */
export function setup() {
  const { concertId, showId } = openSeats('k6 reservation', 50);
  return Array.from({ length: 50 }, (_, i) => {
    const token = comeIn(fan(i + 1), concertId);
    const { reservationId } = hold(fan(i + 1), token, showId, [seatId(showId, 0, i + 1)]);
    leave(fan(i + 1), token);
    return { as: fan(i + 1), reservationId };
  });
}

export default function (reservations) {
  const { as, reservationId } = pick(reservations);
  const answer = send('GET', `/api/v1/reservations/${reservationId}`, { name: 'reservation', as });
  accept(answer, 'it is the reservation', (b) => b.reservationId === reservationId && b.seats.length === 1);
  rest();
}
