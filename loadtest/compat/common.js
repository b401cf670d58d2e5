// What the compatibility scripts share: the address, the people, the concerts of the demo data.
import { check } from 'k6';
import { Counter } from 'k6/metrics';

export const base = __ENV.BASE_URL || 'http://127.0.0.1:8080';
export const users = Number(__ENV.USERS || 1000);
export const concerts = [101, 202, 303, 404, 505];

// Answers that did what was asked, as against those that only had the right status.
export const done = new Counter('real_successes');

export const json = { headers: { 'Content-Type': 'application/json' } };

export function pick(list) {
  return list[Math.floor(Math.random() * list.length)];
}

export function anyUser() {
  return 1 + Math.floor(Math.random() * users);
}

export function withHeader(name, value) {
  return { headers: { 'Content-Type': 'application/json', [name]: value } };
}

// The scripts' own rule, their predecessors' too: a refusal is an answer, a fault is not.
export function answered(response, counts = true) {
  const ok = check(response, { 'status is 200': (r) => r.status === 200 });
  if (ok && counts && response.json('success') !== false) done.add(1);
  return ok;
}

// 1,000 users on one endpoint, a second of rest after each request.
export const endpoint = {
  stages: [
    { duration: '10s', target: 200 },
    { duration: '30s', target: 1000 },
    { duration: '10s', target: 0 },
  ],
  thresholds: {
    checks: ['rate==1'],
    http_req_duration: ['p(99)<250'],
  },
  summaryTrendStats: ['avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
};
