// Contention, four times: all fans on one seat, all on as many seats, twice the same request each, one request a hundred times.
import { check, fail, sleep } from 'k6';
import exec from 'k6/execution';
import { buy, common, fan, freeSeats, fund, held, hold, holdAny, join, json, newKey, number, objectives, openSeats, request, seatId, seatMap, send, sendTogether } from './lib.js';
import { summarise } from './summary.js';

const users = number('USERS', 100);
const pairs = Math.ceil(users / 2);
const price = 1000;

// Each case has its own sale, and begins when the one before is over.
const once = (fn, vus, startTime) => ({ executor: 'per-vu-iterations', vus, iterations: 1, exec: fn, startTime, maxDuration: '60s' });

export const options = {
  ...common,
  tags: { script: 'concurrency' },
  scenarios: {
    one_seat: once('oneSeat', users, '0s'),
    own_seat: once('ownSeat', users, '15s'),
    two_alike: once('twoAlike', pairs, '45s'),
    one_key: once('oneKey', pairs, '60s'),
  },
  thresholds: {
    ...objectives(['hold'], {
      'holds_won{case:one_seat}': ['count==1'],
      'holds_lost{case:one_seat}': [`count==${users - 1}`],
      'holds_won{case:own_seat}': [`count==${users}`],
      'holds_won{case:two_alike}': [`count==${2 * pairs}`],
      'holds_won{case:one_key}': [`count==${2 * pairs}`],
      tickets: [`count==${users + 1}`],
      saga_duration: ['p(95)<10000'],
    }),
    checks: ['rate==1'],
    // A hundred payments at once wait for one another: they are judged as sagas.
    'http_req_duration{phase:run}': ['max>=0'],
  },
};

export const handleSummary = summarise('concurrency', { fans: users, pairs }, ['errors', 'saga']);

/** Sales with everybody inside. Who is called in the very turn of joining need not poll. */
export function setup() {
  fund(users, 10 * price);
  const prepared = {
    oneSeat: sale('k6 one seat', 1, users),
    ownSeat: sale('k6 a seat each', users, users),
    twoAlike: sale('k6 two alike', users, pairs),
    oneKey: { ...sale('k6 one key', users, 1), key: newKey() },
  };
  return prepared;
}

function sale(title, seats, fans) {
  const opened = openSeats(title, seats, price);
  const { capacity } = json(send('GET', `/api/v1/queues/${opened.concertId}`, { name: 'room' }));
  if (!(capacity >= fans)) fail(`the waiting room lets ${capacity} in at once, ${fans} are wanted inside (Queue:Capacity)`);
  const tokens = Array.from({ length: fans }, (_, i) => join(fan(i + 1), opened.concertId));
  const outside = tokens.findIndex((t) => !t || t.status !== 'ENTERED');
  if (outside >= 0) fail(`${fan(outside + 1)} is not inside`);
  return { ...opened, tokens: tokens.map((t) => t.token) };
}

/** The number of this virtual user within its case, from 0; all begin at the same instant. */
function together() {
  sleep(Math.max(0, (exec.scenario.startTime + 1000 - Date.now()) / 1000));
  return exec.scenario.iterationInTest;
}

export function oneSeat({ oneSeat: { showId, tokens } }) {
  const n = together();
  const reservation = hold(fan(n + 1), tokens[n], showId, [seatId(showId, 0, 1)], newKey(), { case: 'one_seat' });
  if (reservation) buy(fan(n + 1), tokens[n], reservation);
}

export function ownSeat({ ownSeat: { showId, tokens } }) {
  const n = together();
  const reservation = holdAny(fan(n + 1), tokens[n], showId, { case: 'own_seat' });
  check(reservation, { 'everybody gets a seat': (r) => r !== null });
  if (reservation) buy(fan(n + 1), tokens[n], reservation);
}

export function twoAlike({ twoAlike: { showId, tokens } }) {
  const n = together();
  alike(fan(n + 1), tokens[n], showId, n, newKey(), 'two_alike');
}

export function oneKey({ oneKey: { showId, tokens, key } }) {
  together();
  alike(fan(1), tokens[0], showId, 0, key, 'one_key');
}

/** Two requests that are the same in all, at the same time: one reservation. */
function alike(as, token, showId, seat, key, name) {
  const seatIds = [seatId(showId, Math.floor(seat / 50), (seat % 50) + 1)];
  const one = request('POST', `/api/v1/reservations/${showId}`, { name: 'hold', as, queue: token, key, body: { seatIds }, expected: [200, 409] });
  const [first, second] = sendTogether([one, one]).map((answer) => held(answer, seatIds, { case: name }));
  check(first, { 'the same request finds the same reservation': (r) => r !== null && second !== null && r.reservationId === second.reservationId });
}

/** What the seat maps and the fans' own lists say in the end. */
export function teardown(data) {
  sleep(1);
  const sold = (name) => seatMap(undefined, data[name].showId);
  check(sold('oneSeat'), { 'the one seat is sold once': (m) => m !== null && m.sold === 1 });
  check(sold('ownSeat'), { 'each seat is sold once': (m) => m !== null && m.sold === users && freeSeats(m).length === m.free });
  check(sold('twoAlike'), { 'each pair holds one seat': (m) => m !== null && m.held === pairs });
  check(sold('oneKey'), { 'one key holds one seat': (m) => m !== null && m.held === 1 });
  const mine = json(send('GET', '/api/v1/users/me/reservations', { name: 'my reservations', as: fan(1) }));
  check(mine, { 'one key made one reservation': (list) => list.filter((r) => r.showId === data.oneKey.showId).length === 1 });
}
