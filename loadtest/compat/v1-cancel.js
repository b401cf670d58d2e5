// DELETE /api/v1/reservations/{reservationId}?userId= by 1,000 users: of reservations that exist, mostly somebody else's.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, anyUser, base, endpoint } from './common.js';

export const options = endpoint;

const latest = Number(__ENV.RESERVATIONS || 2000);

export default function () {
  const id = 1 + Math.floor(Math.random() * latest);
  answered(http.del(`${base}/api/v1/reservations/${id}?userId=${anyUser()}`, null, { tags: { name: 'cancel' } }));
  sleep(1);
}
