// A whole visit over the root paths: token, wait, date, seat, hold, think for three seconds, pay.
import http from 'k6/http';
import { check, sleep } from 'k6';
import { Counter, Trend } from 'k6/metrics';
import exec from 'k6/execution';
import { base, concerts, json, pick, users, withHeader } from './common.js';

const paid = new Counter('journeys_paid');
const waited = new Trend('admission_wait', true);

export const options = {
  stages: [
    { duration: '10s', target: 100 },
    { duration: '30s', target: 100 },
    { duration: '10s', target: 300 },
    { duration: '30s', target: 300 },
    { duration: '10s', target: 0 },
  ],
  thresholds: {
    http_req_failed: ['rate<0.01'],
    http_req_duration: ['p(95)<100'],
    checks: ['rate>0.99'],
    // Not limits: they make the summary show each request by itself.
    'http_req_duration{name:issue}': ['max>=0'],
    'http_req_duration{name:status}': ['max>=0'],
    'http_req_duration{name:dates}': ['max>=0'],
    'http_req_duration{name:seats}': ['max>=0'],
    'http_req_duration{name:reserve}': ['max>=0'],
    'http_req_duration{name:pay}': ['max>=0'],
  },
  summaryTrendStats: ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
};

function expect(response, what) {
  return check(response, { [`${what} succeeded`]: (r) => r.status === 200 && r.json('success') === true });
}

export default function () {
  const userId = ((exec.vu.idInTest - 1) % users) + 1;
  const began = Date.now();
  const issued = http.post(`${base}/tokens/issue`, JSON.stringify({ userId }), { ...json, tags: { name: 'issue' } });
  if (!expect(issued, 'issue')) return sleep(1);
  const token = issued.json('data.token');

  let status = issued.json('data.status');
  while (status === 'PENDING') {
    sleep(1);
    const asked = http.get(`${base}/tokens/status?tokenId=${token}`, { tags: { name: 'status' } });
    if (!expect(asked, 'status')) return;
    status = asked.json('status');
  }
  if (status !== 'ACTIVE') return;
  waited.add(Date.now() - began);

  const header = withHeader('QUEUE-TOKEN', token);
  const concertId = pick(concerts);
  const dates = http.get(`${base}/concerts/${concertId}/dates/available`, { tags: { name: 'dates' } });
  if (!expect(dates, 'dates')) return;
  const date = pick(dates.json('data'));
  const seats = http.get(`${base}/concerts/${concertId}/seats/available?scheduleDate=${date}`, { ...header, tags: { name: 'seats' } });
  if (!expect(seats, 'seats') || /** @type {any[]} */ (seats.json('data')).length === 0) return;
  const seat = pick(seats.json('data'));

  const reserved = http.post(`${base}/reservations/${concertId}/reserve-seats`,
    JSON.stringify({ userId, date, seatId: seat.id, seatNo: seat.seatNumber }), { ...header, tags: { name: 'reserve' } });
  if (!expect(reserved, 'reserve')) return;
  sleep(3);

  const payment = http.post(`${base}/reservations/${reserved.json('data.reservationId')}/payment`,
    JSON.stringify({ userId, seatId: seat.id, paymentInfo: { amount: seat.price, method: 'POINT' } }), { ...header, tags: { name: 'pay' } });
  if (expect(payment, 'pay')) paid.add(1);
}
