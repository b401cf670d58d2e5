// POST /api/v1/reservations by 1,000 users, each with the token they asked for before; who is not admitted yet is refused.
import http from 'k6/http';
import { sleep } from 'k6';
import exec from 'k6/execution';
import { answered, base, concerts, endpoint, json, pick, users, withHeader } from './common.js';

export const options = endpoint;

let token = '';

export default function () {
  const userId = ((exec.vu.idInTest - 1) % users) + 1;
  const asked = http.post(`${base}/api/v1/queues/token`, JSON.stringify({ userId, token }), { ...json, tags: { name: 'token' } });
  answered(asked, false);
  token = /** @type {string} */ (asked.json('data.token'));
  const concertId = pick(concerts);
  answered(http.post(`${base}/api/v1/reservations`, JSON.stringify({
    concertId,
    concertDateId: concertId * 1000 + pick([1, 2, 3, 4, 5]),
    seatNumber: 1 + Math.floor(Math.random() * 400),
    userId,
  }), { ...withHeader('Authorization', `Bearer ${token}`), tags: { name: 'reserve' } }));
  sleep(1);
}
