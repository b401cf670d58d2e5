// The minute the sale opens: everybody joins within seconds and polls; who gets in buys, and goes where nothing is left.
import { sleep } from 'k6';
import { buy, comeIn, common, fund, holdAny, leave, me, number, objectives, openSeats } from './lib.js';
import { summarise } from './summary.js';

const users = number('USERS', 10000);
const seats = number('SEATS', Math.ceil(users / 10));
const joinSeconds = number('JOIN_SECONDS', 20);
const pollSeconds = number('POLL_SECONDS', 3);
const think = number('THINK_SECONDS', 3);
const minutes = number('MINUTES', 6);
const price = 1000;

export const options = {
  ...common,
  tags: { script: 'spike' },
  scenarios: { spike: { executor: 'per-vu-iterations', vus: users, iterations: 1, maxDuration: `${minutes * 60}s` } },
  thresholds: objectives(['join', 'poll', 'seats', 'hold', 'leave'], {
    tickets: [`count==${seats}`],
    iterations: [`count==${users}`],
    saga_duration: ['p(95)<10000'],
  }),
};

export const handleSummary = summarise('spike', { users, seats, 'join seconds': joinSeconds, 'poll seconds': `<= ${pollSeconds}` }, ['latency', 'errors', 'saga']);

export function setup() {
  fund(users, 10 * price);
  return openSeats('k6 spike', seats, price);
}

export default function ({ concertId, showId }) {
  const as = me();
  sleep(Math.random() * joinSeconds);
  const token = comeIn(as, concertId, pollSeconds);
  if (!token) return;
  const reservation = holdAny(as, token, showId);
  if (reservation) sleep(think);
  if (!reservation || !buy(as, token, reservation)) leave(as, token);
}
