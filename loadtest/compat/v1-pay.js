// POST /api/v1/payments/pay by 1,000 users: token, reservation, payment where admitted; an arbitrary reservation's payment otherwise.
import http from 'k6/http';
import { sleep } from 'k6';
import exec from 'k6/execution';
import { answered, base, concerts, endpoint, json, pick, users, withHeader } from './common.js';

export const options = endpoint;

const latest = Number(__ENV.RESERVATIONS || 2000);
let token = '';

export default function () {
  const userId = ((exec.vu.idInTest - 1) % users) + 1;
  const asked = http.post(`${base}/api/v1/queues/token`, JSON.stringify({ userId, token }), { ...json, tags: { name: 'token' } });
  answered(asked, false);
  token = /** @type {string} */ (asked.json('data.token'));
  let reservationId = 1 + Math.floor(Math.random() * latest);
  if (asked.json('data.isActive')) {
    const concertId = pick(concerts);
    const reserved = http.post(`${base}/api/v1/reservations`, JSON.stringify({
      concertId,
      concertDateId: concertId * 1000 + pick([1, 2, 3, 4, 5]),
      seatNumber: 1 + Math.floor(Math.random() * 400),
      userId,
    }), { ...withHeader('Authorization', `Bearer ${token}`), tags: { name: 'reserve' } });
    answered(reserved, false);
    if (reserved.json('success')) reservationId = /** @type {number} */ (reserved.json('data.reservationId'));
  }
  answered(http.post(`${base}/api/v1/payments/pay`, JSON.stringify({ token, reservationId, userId }), { ...json, tags: { name: 'pay' } }));
  sleep(1);
}
