// Hours in small: most ask where they stand, some look at the list, some hold and pay. What leaks or drifts shows here.
import { check, sleep } from 'k6';
import { accept, buy, common, fund, holdAny, join, me, number, objectives, openSeats, pick, poll, send } from './lib.js';
import { summarise } from './summary.js';

const users = number('USERS', 1000);
const minutes = number('MINUTES', 30);
const pause = number('PAUSE_SECONDS', 3);
const price = 100;
const dates = 10;

export const options = {
  ...common,
  tags: { script: 'soak' },
  scenarios: {
    soak: {
      executor: 'ramping-vus',
      stages: [{ duration: '30s', target: users }, { duration: `${minutes * 60}s`, target: users }, { duration: '10s', target: 0 }],
      gracefulRampDown: '30s',
    },
  },
  thresholds: objectives(['join', 'poll', 'concerts', 'seats', 'hold', 'pay', 'my reservations'], {
    tickets: ['count>0'],
    saga_duration: ['p(95)<10000'],
  }),
};

export const handleSummary = summarise('soak', { users, minutes, 'pause seconds': pause }, ['latency', 'errors', 'saga']);

export function setup() {
  fund(users, 10000 * price);
  return openSeats('k6 soak', 5000, price, dates);
}

// The visit of this virtual user.
let token = null;
let inside = false;

export default function ({ concertId, shows }) {
  const as = me();
  const dice = Math.random();
  if (!token) enterRoom(as, concertId);
  else if (dice < 0.7) lookAround(as);
  else if (dice < 0.9) accept(send('GET', '/api/v1/concerts?limit=20', { name: 'concerts' }), 'concerts are listed', (b) => b.items.length > 0);
  else reserve(as, pick(shows));
  sleep(pause * (0.5 + Math.random()));
}

function enterRoom(as, concertId) {
  const place = join(as, concertId);
  token = place && place.token;
  inside = place !== null && place.status === 'ENTERED';
}

function lookAround(as) {
  const seen = poll(as, token);
  if (!seen) return;
  inside = seen.status === 'ENTERED';
  // A turn that passed, or a visit that lasted too long: the fan joins again.
  if (seen.status === 'EXPIRED' || seen.status === 'LEFT') token = null;
}

/** Who is inside holds and pays, which ends the visit; who waits looks at what they have. */
function reserve(as, showId) {
  if (!inside) {
    const answer = send('GET', '/api/v1/users/me/reservations', { name: 'my reservations', as });
    check(answer, { 'reservations are a list': (r) => r.status === 200 && Array.isArray(r.json()) });
    return;
  }
  const reservation = holdAny(as, token, showId);
  if (reservation) buy(as, token, reservation);
  token = null;
}
