// The whole visit: join, wait, look around, hold, think, pay, look at the ticket. 100 users first, then 300.
import { check, sleep } from 'k6';
import { accept, buy, comeIn, common, fund, holdAny, me, number, objectives, openSeats, pick, send } from './lib.js';
import { summarise } from './summary.js';

const users = number('USERS', 300);
const minutes = number('MINUTES', 2);
const think = number('THINK_SECONDS', 3);
const seats = number('SEATS', 10000);
const price = 1000;
const few = Math.max(1, Math.round(users / 3));

export const options = {
  ...common,
  tags: { script: 'journey' },
  scenarios: {
    journey: {
      executor: 'ramping-vus',
      stages: [
        { duration: `${minutes * 10}s`, target: few },
        { duration: `${minutes * 15}s`, target: few },
        { duration: `${minutes * 10}s`, target: users },
        { duration: `${minutes * 20}s`, target: users },
        { duration: `${minutes * 5}s`, target: 0 },
      ],
      gracefulRampDown: '30s',
    },
  },
  thresholds: objectives(['join', 'poll', 'concerts', 'concert', 'seats', 'hold', 'pay', 'reservation'], {
    tickets: ['count>0'],
    saga_duration: ['p(95)<10000'],
  }),
};

export const handleSummary = summarise('journey', { users: `${few}, then ${users}`, minutes, 'think seconds': think }, ['latency', 'errors', 'saga']);

export function setup() {
  fund(users, 100 * price);
  return openSeats('k6 journey', seats, price, 2);
}

export default function ({ concertId, shows }) {
  const as = me();
  accept(send('GET', '/api/v1/concerts?limit=20', { name: 'concerts' }), 'concerts are listed', (b) => b.items.length > 0);
  const concert = accept(send('GET', `/api/v1/concerts/${concertId}`, { name: 'concert' }), 'the concert has its dates', (b) => b.dates.length === shows.length);
  const token = concert && comeIn(as, concertId);
  const reservation = token && holdAny(as, token, pick(concert.dates).showId);
  if (!reservation) return sleep(1);
  sleep(think);
  if (!buy(as, token, reservation)) return sleep(1);
  const answer = send('GET', `/api/v1/reservations/${reservation.reservationId}`, { name: 'reservation', as });
  const ticket = accept(answer, 'the ticket is there', (b) => b.status === 'CONFIRMED' && b.seats[0] === reservation.seats[0]);
  check(ticket, { 'the ticket names its payment': (t) => t !== null && Boolean(t.paymentId) });
}
