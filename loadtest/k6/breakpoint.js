// How much it can carry: the rate of the hot path rises in steps until an objective is missed, which ends the run.
import exec from 'k6/execution';
import { accept, common, fan, fund, join, number, openSeats, poll, seatMap, send } from './lib.js';
import { summarise } from './summary.js';

const first = number('START_RATE', 250);
const more = number('STEP_RATE', 250);
const steps = number('STEPS', 12);
const holdSeconds = number('STEP_SECONDS', 15);
const users = number('USERS', 500);
const virtualUsers = number('MAX_VUS', 1000);
const climbSeconds = 2;

const numbers = Array.from({ length: steps }, (_, i) => i + 1);
const rateOf = (n) => first + (n - 1) * more;

// Each step is judged by its own requests: those of the calm beginning do not hide the end.
function perStep() {
  const rules = {};
  for (const n of numbers) {
    rules[`http_req_duration{step:${n}}`] = [{ threshold: 'p(95)<1000', abortOnFail: true, delayAbortEval: '5s' }];
    rules[`http_req_failed{step:${n}}`] = [{ threshold: 'rate<0.001', abortOnFail: true, delayAbortEval: '5s' }];
    rules[`http_reqs{step:${n}}`] = ['count>=0'];
  }
  return rules;
}

export const options = {
  ...common,
  tags: { script: 'breakpoint' },
  scenarios: {
    breakpoint: {
      executor: 'ramping-arrival-rate',
      startRate: first,
      timeUnit: '1s',
      preAllocatedVUs: virtualUsers,
      stages: numbers.flatMap((n) => [{ duration: `${climbSeconds}s`, target: rateOf(n) }, { duration: `${holdSeconds}s`, target: rateOf(n) }]),
      gracefulStop: '5s',
    },
  },
  thresholds: {
    ...perStep(),
    checks: ['rate>0.999'],
    'http_req_failed{phase:run}': ['rate>=0'],
    'http_req_duration{phase:run}': ['max>=0'],
    // Where no virtual user is free, as many requests wait as there are users: the system no longer keeps up.
    dropped_iterations: [{ threshold: `count<${virtualUsers}`, abortOnFail: true }],
  },
};

export const handleSummary = summarise('breakpoint', { rates: `${first} to ${rateOf(steps)}/s`, 'step seconds': holdSeconds, users: virtualUsers }, ['throughput'], (data) => {
  const seen = numbers.map((n) => stepOf(data.metrics, n)).filter((s) => s.requests > 0);
  const missed = seen.find((s) => !s.ok);
  const carried = seen.filter((s) => s.ok && (!missed || s.offered < missed.offered)).pop();
  const notes = seen.map((s) => `${s.ok ? '✓' : '✗'} ${s.offered}/s offered: ${s.perSecond.toFixed(0)}/s answered, p95 ${s.p95.toFixed(0)} ms, errors ${(s.errors * 100).toFixed(2)} %`);
  notes.push(`carried: ${carried ? `${carried.offered}/s` : 'not even the first step'}; broke at: ${missed ? `${missed.offered}/s` : 'no step'}`);
  return { passed: true, steps: seen, carried: carried ? carried.perSecond : 0, brokeAt: missed ? missed.offered : null, notes };
});

/** How a step went. The last one was cut short where it ended the run, so its rate is not known. */
function stepOf(metrics, n) {
  const metric = (name) => metrics[`${name}{step:${n}}`] || { values: {}, thresholds: {} };
  const requests = metric('http_reqs').values.count || 0;
  const perSecond = requests / (climbSeconds + holdSeconds);
  const objectives = [...Object.values(metric('http_req_duration').thresholds || {}), ...Object.values(metric('http_req_failed').thresholds || {})];
  // Nine tenths: the climb from the rate before takes its part of the step.
  const ok = objectives.every((t) => t.ok) && perSecond >= 0.9 * rateOf(n);
  return { offered: rateOf(n), requests, perSecond, p95: metric('http_req_duration').values['p(95)'] || 0, errors: metric('http_req_failed').values.rate || 0, ok };
}

export function setup() {
  fund(1, 1);
  const sale = openSeats('k6 breakpoint', 500);
  return { ...sale, tokens: Array.from({ length: users }, (_, i) => join(fan(i + 1), sale.concertId).token) };
}

/** Of ten requests seven ask for the turn, two for the list, one for the seats. */
export default function ({ showId, tokens }) {
  const elapsed = (Date.now() - exec.scenario.startTime) / 1000;
  exec.vu.metrics.tags.step = String(Math.min(steps, Math.floor(elapsed / (climbSeconds + holdSeconds)) + 1));
  const n = Math.floor(Math.random() * users);
  const dice = Math.random();
  if (dice < 0.7) poll(fan(n + 1), tokens[n]);
  else if (dice < 0.9) accept(send('GET', '/api/v1/concerts?limit=20', { name: 'concerts' }), 'concerts are listed', (b) => b.items.length > 0);
  else seatMap(undefined, showId);
}
