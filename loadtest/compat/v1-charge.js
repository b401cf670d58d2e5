// PATCH /api/v1/users/{userId}/charge by 1,000 users.
import http from 'k6/http';
import { sleep } from 'k6';
import { answered, anyUser, base, endpoint, json } from './common.js';

export const options = endpoint;

export default function () {
  answered(http.patch(`${base}/api/v1/users/${anyUser()}/charge`, JSON.stringify({ balance: 1000 }), { ...json, tags: { name: 'charge' } }));
  sleep(1);
}
