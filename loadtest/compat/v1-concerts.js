// GET /api/v1/concerts by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, base, endpoint } from './common.js';

export const options = endpoint;

export default function () {
  answered(http.get(`${base}/api/v1/concerts`));
  sleep(1);
}
