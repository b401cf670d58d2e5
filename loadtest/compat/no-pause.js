// 200 users without pauses over /api/v1: token, reserve, pay. Nobody may be debited without a ticket; the audit tells.
import http from 'k6/http';
import { check } from 'k6';
import { Counter } from 'k6/metrics';
import exec from 'k6/execution';
import { base, concerts, json, pick, users, withHeader } from './common.js';

const paid = new Counter('journeys_paid');

export const options = {
  vus: Number(__ENV.VUS || 200),
  duration: __ENV.DURATION || '30s',
  thresholds: { checks: ['rate==1'] },
  summaryTrendStats: ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
};

let token = '';

function answered(response) {
  return check(response, { 'status is 200': (r) => r.status === 200 }) && response.json('success');
}

export default function () {
  const userId = ((exec.vu.idInTest - 1) % users) + 1;
  const asked = http.post(`${base}/api/v1/queues/token`, JSON.stringify({ userId, token }), { ...json, tags: { name: 'token' } });
  if (!answered(asked)) return;
  token = /** @type {string} */ (asked.json('data.token'));
  if (!asked.json('data.isActive')) return;
  const concertId = pick(concerts);
  const reserved = http.post(`${base}/api/v1/reservations`, JSON.stringify({
    concertId,
    concertDateId: concertId * 1000 + pick([1, 2, 3, 4, 5]),
    seatNumber: 1 + Math.floor(Math.random() * 400),
    userId,
  }), { ...withHeader('Authorization', `Bearer ${token}`), tags: { name: 'reserve' } });
  if (!answered(reserved)) return;
  const body = JSON.stringify({ token, reservationId: reserved.json('data.reservationId'), userId });
  if (answered(http.post(`${base}/api/v1/payments/pay`, body, { ...json, tags: { name: 'pay' } }))) paid.add(1);
}
