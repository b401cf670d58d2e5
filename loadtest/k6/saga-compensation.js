// Payments that cannot end well: too few points, a wrong amount, a reservation given back meanwhile, one that ran out.
// Each must leave no trace: no ticket, the seat free again, all points back.
import { check, sleep } from 'k6';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';
import {
  codeOf, comeIn, common, compensated, fund, freeSeats, hold, json, leave, me, newKey, number, objectives, openSale, pay, paymentOf, points,
  sagaDuration, seatId, seatMap, send, tickets,
} from './lib.js';
import { summarise } from './summary.js';

const users = number('USERS', 20);
const rounds = number('ROUNDS', 5);
const think = number('THINK_SECONDS', 1);
const patience = number('EXPIRY_SECONDS', 120);
const price = 1000;
const beyondReach = 900000000000;

const refunds = new Counter('refunded_charges');
const expiries = new Counter('expired_cases');

const repeated = (fn) => ({ executor: 'per-vu-iterations', vus: users, iterations: rounds, exec: fn, maxDuration: '5m' });

export const options = {
  ...common,
  tags: { script: 'saga-compensation' },
  scenarios: {
    too_few_points: repeated('tooFewPoints'),
    wrong_amount: repeated('wrongAmount'),
    given_back: repeated('givenBack'),
    ran_out: { ...repeated('ranOut'), vus: Math.ceil(users / 2), iterations: 1 },
  },
  thresholds: objectives(['hold'], {
    compensated: ['rate==1'],
    saga_duration: ['p(95)<10000'],
    checks: ['rate==1'],
  }),
};

export const handleSummary = summarise('saga-compensation', { 'users per case': users, rounds }, ['latency', 'errors', 'saga', 'compensation'], (data) => {
  const { count } = data.metrics.expired_cases ? data.metrics.expired_cases.values : { count: 0 };
  return { notes: count > 0 ? [] : [`not run: a payment after the hold ran out (a hold lasts longer than EXPIRY_SECONDS=${patience}; shorten it with Reservation:HoldSeconds)`] };
});

/** A section per case, and in it a seat per round: nobody else's doings blur what is looked at. */
export function setup() {
  fund(4 * users, 100 * price);
  const section = (name, amount) => ({ name, grade: name.toUpperCase(), price: amount, rows: Math.ceil((users * rounds) / 50), seatsPerRow: 50 });
  return openSale('k6 saga', [section('dear', beyondReach), section('wrong', price), section('back', price), section('late', price)]);
}

/** A fan inside with a hold on a seat of their own, and the points from before. */
function begin({ concertId, showId }, section) {
  const as = me();
  const token = comeIn(as, concertId);
  const n = exec.scenario.iterationInTest;
  const row = section * Math.ceil((users * rounds) / 50) + Math.floor(n / 50);
  const seat = seatId(showId, row, (n % 50) + 1);
  const before = points(as);
  const reservation = token && hold(as, token, showId, [seat]);
  const visit = check(reservation, { 'the seat is held': (r) => Boolean(r) }) ? { as, token, seat, before, reservation, showId } : null;
  sleep(think * (0.5 + Math.random()));
  return visit;
}

/** Whether nothing is left of it: the reservation ended as it should, the seat is free, all points are there. */
function leavesNoTrace(visit, status) {
  const { as, showId, seat, before, reservation } = visit;
  const seen = json(send('GET', `/api/v1/reservations/${reservation.reservationId}`, { name: 'reservation', as }));
  let isFree = false;
  for (let looked = 0; looked < 10 && !isFree; looked++) {
    // One reading of the seat map serves all readers for a quarter of a second.
    sleep(0.3);
    const map = seatMap(as, showId);
    isFree = map !== null && freeSeats(map).includes(seat);
  }
  const after = points(as);
  const whole = check(visit, {
    [`the reservation is ${status}`]: () => seen.status === status,
    'the seat is free again': () => isFree,
    'the points are whole': () => after === before,
  });
  compensated.add(whole);
}

function giveBack({ as, reservation }) {
  const answer = send('DELETE', `/api/v1/reservations/${reservation.reservationId}`, { name: 'cancel', as });
  check(answer, { 'the hold can be given back': (r) => json(r).status === 'CANCELLED' });
}

export function tooFewPoints(sale) {
  const visit = begin(sale, 0);
  if (!visit) return;
  const payment = pay(visit.as, visit.token, visit.reservation);
  check(payment, { 'too few points: the payment fails and says so': (p) => p !== null && p.status === 'FAILED' && p.reason === 'INSUFFICIENT_POINTS' });
  leavesNoTrace(visit, 'CANCELLED');
}

export function wrongAmount(sale) {
  const visit = begin(sale, 1);
  if (!visit) return;
  const { as, token, reservation: { reservationId, amount } } = visit;
  const answer = send('POST', '/api/v1/payments', { name: 'pay', as, queue: token, key: newKey(), body: { reservationId, amount: amount - 1 }, expected: [422] });
  check(answer, { 'a wrong amount is refused': (r) => codeOf(r) === 'AMOUNT_MISMATCH' });
  giveBack(visit);
  leavesNoTrace(visit, 'CANCELLED');
  leave(as, token);
}

/** Given back while the saga runs, at a moment that differs each time: before, between or after its steps. */
export function givenBack(sale) {
  const visit = begin(sale, 2);
  if (!visit) return;
  const { as, token, reservation: { reservationId, amount } } = visit;
  const began = Date.now();
  const answer = send('POST', '/api/v1/payments', {
    name: 'pay', as, queue: token, key: newKey(), prefer: 'respond-async', body: { reservationId, amount }, expected: [200, 202],
  });
  if (!check(answer, { 'payment is accepted': (r) => r.status === 200 || r.status === 202 })) return;
  sleep(Math.random() * 0.2);
  const cancel = send('DELETE', `/api/v1/reservations/${reservationId}`, { name: 'cancel', as, expected: [200, 409] });
  let payment = json(answer);
  while (['PENDING', 'PROCESSING'].includes(payment.status)) {
    sleep(0.1);
    payment = paymentOf(as, payment.paymentId) || payment;
  }
  sagaDuration.add(Date.now() - began);
  leave(as, token);
  if (payment.status === 'COMPLETED') {
    tickets.add(1);
    check(cancel, { 'a paid reservation is not given back': (r) => codeOf(r) === 'ALREADY_PAID' });
    check(points(as), { 'the ticket was paid once': (left) => left === visit.before - amount });
    return;
  }
  check(payment, { 'a reservation given back is not paid': (p) => p.status === 'FAILED' });
  const history = json(send('GET', '/api/v1/users/me/points/history?limit=20', { name: 'history', as })).items || [];
  const moved = history.filter((e) => e.reference.startsWith(payment.paymentId));
  if (moved.some((e) => e.kind === 'CHARGE')) refunds.add(1);
  check(moved, { 'charge and refund cancel out': (entries) => entries.reduce((sum, e) => sum + e.amount, 0) === 0 });
  leavesNoTrace(visit, 'CANCELLED');
}

export function ranOut(sale) {
  const visit = begin(sale, 3);
  if (!visit) return;
  const { as, token, reservation } = visit;
  const left = (new Date(reservation.expiresAt).getTime() - Date.now()) / 1000;
  if (left > patience) {
    giveBack(visit);
    leave(as, token);
    return;
  }
  sleep(left + 1);
  const { reservationId, amount } = reservation;
  const answer = send('POST', '/api/v1/payments', { name: 'pay', as, queue: token, key: newKey(), body: { reservationId, amount }, expected: [409] });
  check(answer, { 'a hold that ran out is not paid': (r) => codeOf(r) === 'RESERVATION_EXPIRED' });
  expiries.add(1);
  leavesNoTrace(visit, 'EXPIRED');
  leave(as, token);
}
