// GET /api/v1/concerts/{concertId}/dates by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, base, concerts, endpoint, pick } from './common.js';

export const options = endpoint;

export default function () {
  answered(http.get(`${base}/api/v1/concerts/${pick(concerts)}/dates`, { tags: { name: 'dates' } }));
  sleep(1);
}
