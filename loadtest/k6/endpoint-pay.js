// POST /api/v1/payments: who gets in holds a seat, thinks, and pays. The door sets the pace.
import { sleep } from 'k6';
import { buy, comeIn, fund, holdAny, me, number, openSeats } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

const think = number('THINK_SECONDS', 4);
const price = 1000;

export const options = endpoint('pay', { tickets: ['count>0'], saga_duration: ['p(95)<10000'] });
export const handleSummary = told('pay', 1, ['latency', 'errors', 'saga']);

export function setup() {
  fund(users, 10 * price);
  return openSeats('k6 pay', 10000, price);
}

export default function ({ concertId, showId }) {
  const as = me();
  const token = comeIn(as, concertId);
  const reservation = token && holdAny(as, token, showId);
  if (reservation) {
    sleep(think);
    buy(as, token, reservation);
  }
  rest();
}
