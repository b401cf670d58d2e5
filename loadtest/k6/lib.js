// What the scripts share: settings from the environment, requests as a fan sends them, business metrics, thresholds.
import http from 'k6/http';
import { check, fail, sleep } from 'k6';
import { Counter, Rate, Trend } from 'k6/metrics';
import exec from 'k6/execution';

/** A positive number from the environment. */
export function number(name, otherwise) {
  const value = Number(__ENV[name] || otherwise);
  if (!(value > 0)) throw new Error(`${name} must be a positive number, not ${__ENV[name]}`);
  return value;
}

export const base = (__ENV.BASE_URL || 'http://127.0.0.1:8080').replace(/\/$/, '');
export const organizer = __ENV.ORGANIZER || 'test-organizer-1';
const accounts = number('ACCOUNTS', 10000);
const firstAccount = number('FIRST_ACCOUNT', 1);

// Business outcomes; the decision report reads them.
export const tickets = new Counter('tickets');
export const holdsWon = new Counter('holds_won');
export const holdsLost = new Counter('holds_lost');
export const sagaDuration = new Trend('saga_duration', true);
export const compensated = new Rate('compensated');
export const admissionWait = new Trend('admission_wait', true);

/** Options that hold for every script. */
export const common = {
  summaryTrendStats: ['avg', 'min', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
  setupTimeout: '5m',
  batch: 20,
  batchPerHost: 20,
};

/** The objectives: all requests together, each named request by itself, and what a script adds. */
export function objectives(names, more = {}) {
  const each = names.map((name) => [`http_req_duration{name:${name}}`, ['p(95)<1000']]);
  return {
    'http_req_failed{phase:run}': ['rate<0.001'],
    'http_req_duration{phase:run}': ['p(95)<1000'],
    checks: ['rate>0.999'],
    ...Object.fromEntries(each),
    ...more,
  };
}

/** The caller of this virtual user: an account of its own. */
export function me() {
  return fan(exec.vu.idInTest);
}

/** The bearer token of the nth fan, from 1. */
export function fan(n) {
  if (n > accounts) throw new Error(`there are accounts for ${accounts} fans (ACCOUNTS), no. ${n} has none`);
  return `test-user-${firstAccount + n - 1}`;
}

/** A key no other request has. */
export function newKey() {
  return `k6-${Date.now()}-${__VU}-${Math.random().toString(36).slice(2)}`;
}

export function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

/**
 * A request in http.batch's form. `expected`: the statuses that are no failure; refusals that belong to the game are among them.
 * @param {{name: string, as?: string, queue?: string, key?: string, prefer?: string, body?: object, expected?: number[]}} o
 */
export function request(method, path, o) {
  /** @type {Record<string, string>} */
  const headers = {};
  if (o.as) headers.Authorization = `Bearer ${o.as}`;
  if (o.queue) headers['Queue-Token'] = o.queue;
  if (o.key) headers['Idempotency-Key'] = o.key;
  if (o.prefer) headers.Prefer = o.prefer;
  if (o.body) headers['Content-Type'] = 'application/json';
  return {
    method,
    url: `${base}${path}`,
    body: o.body ? JSON.stringify(o.body) : null,
    params: {
      headers,
      tags: { name: o.name, phase: __VU === 0 ? 'setup' : 'run' },
      responseCallback: http.expectedStatuses(...(o.expected || [200])),
    },
  };
}

/** Sends one request; see {@link request}. */
export function send(method, path, o) {
  const { url, body, params } = request(method, path, o);
  const answer = http.request(method, url, body, params);
  if (!(o.expected || [200]).includes(answer.status)) report(o.name, answer);
  return answer;
}

let reported = 0;

/** Says what was not foreseen; a virtual user says so three times. */
function report(name, answer) {
  if (reported++ < 3) console.warn(`${name}: ${answer.status} ${codeOf(answer) || answer.error || ''} after ${Math.round(answer.timings.duration)} ms, at ${new Date().toISOString()}`);
}

/** Sends requests at the same time; their answers in the same order. */
export function sendTogether(requests) {
  return /** @type {any[]} */ (/** @type {unknown} */ (http.batch(requests)));
}

/** The body where it is JSON; an object without members otherwise. */
export function json(response) {
  const isJson = (response.headers['Content-Type'] || '').includes('json');
  return /** @type {any} */ (response.body && isJson ? response.json() : {});
}

/** A problem's stable code; undefined where the answer is none. */
export function codeOf(response) {
  return response.status >= 400 ? json(response).code : undefined;
}

/** Checks an answer's status and body; its body where both are as they should be, else null. */
export function accept(response, what, test, status = 200) {
  const body = json(response);
  const ok = check(response, { [what]: (r) => r.status === status && test(body) });
  return ok ? body : null;
}

export function join(as, concertId) {
  const answer = send('POST', `/api/v1/queues/tokens/${concertId}`, { name: 'join', as });
  return accept(answer, 'join gives a place', (b) => b.targetId === concertId && b.token && b.sequence > 0);
}

export function poll(as, token) {
  const answer = send('POST', '/api/v1/queues/enter', { name: 'poll', as, queue: token });
  return accept(answer, 'poll tells where the place stands', (b) => ['WAITING', 'ENTERED', 'EXPIRED', 'LEFT'].includes(b.status));
}

export function leave(as, token) {
  const answer = send('DELETE', '/api/v1/queues/tokens', { name: 'leave', as, queue: token, expected: [204] });
  return check(answer, { 'leave gives the place up': (r) => r.status === 204 });
}

/** Joins and polls as told until inside; the token, or null. `longest`: the longest pause between two polls, seconds. */
export function comeIn(as, concertId, longest = 3) {
  const began = Date.now();
  const place = join(as, concertId);
  if (!place) return null;
  let status = place.status;
  for (let after = 200; status === 'WAITING';) {
    sleep(Math.min(after / 1000, longest));
    const seen = poll(as, place.token);
    if (seen) [status, after] = [seen.status, seen.pollAfterMs];
  }
  if (!check(status, { 'the turn comes': (s) => s === 'ENTERED' })) return null;
  admissionWait.add(Date.now() - began);
  return place.token;
}

export function seatMap(as, showId) {
  const answer = send('GET', `/api/v1/concerts/dates/${showId}/seats`, { name: 'seats', as });
  return accept(answer, 'seat map adds up', (b) => b.showId === showId && b.free + b.held + b.sold === b.sections.flatMap((s) => s.rows)
    .reduce((sum, row) => sum + row.seats.length, 0));
}

/** The ids of the free seats of a map. */
export function freeSeats(map) {
  return map.sections.flatMap((s) => s.rows).flatMap((row) => [...row.seats].flatMap((c, i) => (c === 'F' ? [row.firstSeatId + i] : [])));
}

/** The id of a seat: row of the show from 0, number from 1. */
export function seatId(showId, row, number) {
  return (showId * 10000 + row) * 100 + number;
}

/** Holds seats; the reservation, or null where somebody was faster. */
export function hold(as, token, showId, seatIds, key = newKey(), tags = {}) {
  const answer = send('POST', `/api/v1/reservations/${showId}`, { name: 'hold', as, queue: token, key, body: { seatIds }, expected: [200, 409] });
  return held(answer, seatIds, tags);
}

/** Judges and counts the answer to a hold. */
export function held(answer, seatIds, tags = {}) {
  const body = json(answer);
  check(answer, {
    'hold is ours, or the seat is taken': (r) => (r.status === 200 && body.status === 'HELD' && seatIds.every((s) => body.seats.includes(s)))
      || (r.status === 409 && body.code === 'SEAT_TAKEN' && body.seatIds.some((s) => seatIds.includes(s))),
  });
  (answer.status === 200 ? holdsWon : holdsLost).add(1, tags);
  return answer.status === 200 ? body : null;
}

/** Looks for a free seat and holds it, again and again while others are faster; null where nothing is left. */
export function holdAny(as, token, showId, tags = {}) {
  for (let attempt = 0; attempt < 20; attempt++) {
    const map = seatMap(as, showId);
    const free = map ? freeSeats(map) : [];
    if (map && free.length === 0) return null;
    const reservation = map && hold(as, token, showId, [pick(free)], newKey(), tags);
    if (reservation) return reservation;
    sleep(0.3);
  }
  return null;
}

/** Pays and waits for the saga's end, which it measures; the payment, or null. */
export function pay(as, token, reservation, more = {}) {
  const began = Date.now();
  const body = { reservationId: reservation.reservationId, amount: reservation.amount };
  const answer = send('POST', '/api/v1/payments', { name: 'pay', as, queue: token, key: newKey(), body, expected: [200, 202], ...more });
  let payment = json(answer);
  if (!check(answer, { 'payment is accepted': (r) => (r.status === 200 || r.status === 202) && payment.paymentId })) return null;
  for (let asked = 0; asked < 240 && ['PENDING', 'PROCESSING'].includes(payment.status); asked++) {
    sleep(0.25);
    payment = paymentOf(as, payment.paymentId) || payment;
  }
  sagaDuration.add(Date.now() - began);
  // A visit ends with its payment; where the answer did not wait for that, an event ends it, which may be too late for who joins again.
  if (answer.status === 202) leave(as, token);
  return payment;
}

export function paymentOf(as, paymentId) {
  const answer = send('GET', `/api/v1/payments/${paymentId}`, { name: 'payment', as });
  return accept(answer, 'payment tells its steps', (b) => b.paymentId === paymentId && Array.isArray(b.steps));
}

/** Pays what the fan can pay; true where it became a ticket. */
export function buy(as, token, reservation) {
  const payment = pay(as, token, reservation);
  const ok = check(payment, { 'payment completes': (p) => p !== null && p.status === 'COMPLETED' });
  if (ok) tickets.add(reservation.seats.length);
  return ok;
}

export function points(as) {
  const answer = send('GET', '/api/v1/users/me/points', { name: 'points', as });
  const body = accept(answer, 'points are known', (b) => b.points >= 0);
  return body ? body.points : null;
}

/** An organizer creates a concert and opens its sale. The sections are `{name, grade, price, rows, seatsPerRow}`. */
export function openSale(title, sections, dates = 1) {
  const day = 24 * 3600 * 1000;
  const at = (days) => new Date(Date.now() + days * day).toISOString();
  const created = send('POST', '/api/v1/admin/concerts', {
    name: 'create concert', as: organizer, expected: [201],
    body: { title, artist: 'The Load', venue: 'k6', saleOpensAt: at(1), dates: Array.from({ length: dates }, (_, i) => at(30 + i)), sections },
  });
  if (created.status !== 201) fail(`the concert could not be created at ${base}: ${created.status} ${codeOf(created) || created.error}. Are test users allowed (Auth:TestUsers)?`);
  const { concertId, dates: shows } = json(created);
  const opened = send('POST', `/api/v1/admin/concerts/${concertId}/sale`, { name: 'open sale', as: organizer, body: {} });
  if (opened.status !== 200) fail(`the sale could not be opened: ${opened.status} ${codeOf(opened)}`);
  [tickets, holdsWon, holdsLost].forEach((counter) => counter.add(0));
  return { concertId, showId: shows[0].showId, shows: shows.map((s) => s.showId) };
}

/** A sale of equal seats, fifty in a row (or all in one where they are fewer). */
export function openSeats(title, seats, price = 1000, dates = 1) {
  const seatsPerRow = Math.min(seats, 50);
  return openSale(title, [{ name: 'Floor', grade: 'R', price, rows: Math.ceil(seats / seatsPerRow), seatsPerRow }], dates);
}

/** Sees to it that fans 1 to `count` have an account and at least `least` points. */
export function fund(count, least) {
  const size = 200;
  for (let first = 1; first <= count; first += size) {
    const some = Array.from({ length: Math.min(size, count - first + 1) }, (_, i) => fan(first + i));
    const balances = sendTogether(some.map((as) => request('GET', '/api/v1/users/me/points', { name: 'points', as })));
    const missing = balances.findIndex((answer) => answer.status !== 200);
    if (missing >= 0) fail(`${some[missing]} has no points: ${balances[missing].status} ${codeOf(balances[missing]) || balances[missing].error}. Demo:Seed makes the accounts`);
    const poor = some.filter((_, i) => json(balances[i]).points < least);
    const filled = sendTogether(poor.map((as) => request('POST', '/api/v1/users/me/points/charges', { name: 'top up', as, key: newKey(), body: { amount: least } })));
    if (filled.some((answer) => answer.status !== 200)) fail('somebody could not be given points');
  }
}
