// GET /api/v1/payments/{paymentId}: fans look at their own, step by step.
import { comeIn, fan, fund, hold, openSeats, pay, paymentOf, pick, seatId } from './lib.js';
import { endpoint, rest, told } from './endpoint.js';

const price = 1000;

export const options = endpoint('payment');
export const handleSummary = told('payment');

/** Twenty fans with a ticket each. */
export function setup() {
  fund(20, 10 * price);
  const { concertId, showId } = openSeats('k6 payment', 20, price);
  return Array.from({ length: 20 }, (_, i) => {
    const token = comeIn(fan(i + 1), concertId);
    const reservation = hold(fan(i + 1), token, showId, [seatId(showId, 0, i + 1)]);
    return { as: fan(i + 1), paymentId: pay(fan(i + 1), token, reservation).paymentId };
  });
}

export default function (payments) {
  const { as, paymentId } = pick(payments);
  paymentOf(as, paymentId);
  rest();
}
