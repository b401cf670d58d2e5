// POST /api/v1/queues/token by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, anyUser, base, endpoint, json } from './common.js';

export const options = endpoint;

export default function () {
  answered(http.post(`${base}/api/v1/queues/token`, JSON.stringify({ userId: anyUser() }), json));
  sleep(1);
}
