// GET /api/v1/concerts/dates/{showId}/seats by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, base, concerts, endpoint, pick } from './common.js';

export const options = endpoint;

export default function () {
  const show = pick(concerts) * 1000 + pick([1, 2, 3, 4, 5]);
  answered(http.get(`${base}/api/v1/concerts/dates/${show}/seats`, { tags: { name: 'seats' } }));
  sleep(1);
}
