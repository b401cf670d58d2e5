// What the scripts for one endpoint each share: up to 1,000 users, who rest after each request.
import { sleep } from 'k6';
import { common, number, objectives } from './lib.js';
import { summarise } from './summary.js';

export const users = number('USERS', 1000);
const seconds = number('RAMP_SECONDS', 50);

/** Options for a script about one request; `more` are its other objectives. */
export function endpoint(name, more = {}) {
  return {
    ...common,
    tags: { script: `endpoint-${name.replace(/ /g, '-')}` },
    scenarios: {
      endpoint: {
        executor: 'ramping-vus',
        stages: [
          { duration: `${seconds * 0.2}s`, target: Math.ceil(users / 5) },
          { duration: `${seconds * 0.6}s`, target: users },
          { duration: `${seconds * 0.2}s`, target: 0 },
        ],
        gracefulRampDown: '10s',
        gracefulStop: '10s',
      },
    },
    thresholds: objectives([name], { 'http_reqs{phase:run}': ['count>0'], ...more }),
  };
}

/** The script's handleSummary. */
export function told(name, rest = 1, judges = ['latency', 'errors']) {
  return summarise(`endpoint-${name.replace(/ /g, '-')}`, { users, 'seconds': seconds, 'rest seconds': rest }, judges);
}

/** A pause about this long: users who pause alike would come in bursts. */
export function rest(about = 1) {
  sleep(about * (0.5 + Math.random()));
}
