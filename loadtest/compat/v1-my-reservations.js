// GET /api/v1/reservations/{userId} by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, anyUser, base, endpoint } from './common.js';

export const options = endpoint;

export default function () {
  answered(http.get(`${base}/api/v1/reservations/${anyUser()}`, { tags: { name: 'my reservations' } }));
  sleep(1);
}
