import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { lags, parse, Redis } from './collect.mjs';
import { decision, judge, render, table } from './report.mjs';

/** A script's summary in which everything is well. */
function summary(script, changes = {}) {
  return {
    script, at: '2026-01-01T00:00:00Z', seconds: 60, scale: { users: 10 }, judges: ['latency', 'throughput', 'errors', 'saga', 'compensation'], passed: true,
    thresholds: [], failedChecks: [], audit: 'clean', ...changes,
    metrics: {
      http_reqs: { count: 90000, rate: 1500 },
      'http_req_duration{phase:run}': { med: 20, 'p(95)': 100, 'p(99)': 200 },
      'http_req_duration{name:hold}': { 'p(95)': 90 },
      'http_req_duration{name:pay}': { 'p(95)': 400 },
      'http_req_failed{phase:run}': { rate: 0, passes: 0, fails: 90000 },
      saga_duration: { 'p(95)': 500 }, compensated: { rate: 1 }, tickets: { count: 7 }, ...changes.metrics,
    },
  };
}

const calm = { collector: true, pool: [{ where: 'payment', pool: 0.2 }], lag: [{ where: 'a → b', lag: 3 }], trouble: [] };
const row = (rows, title) => rows.find((r) => r.title.startsWith(title));

test('everything measured and met is ok', () => {
  const rows = judge([summary('journey')], calm);
  assert.deepEqual(rows.map((r) => r.verdict), Array(9).fill('ok'));
  assert.equal(decision(rows), 'ok');
});

for (const [title, changes, tolerable, act] of [
  ['p95', (v) => ({ metrics: { 'http_req_duration{phase:run}': { 'p(95)': v } } }), [1000, 1999], [2000, 9000]],
  ['requests per second', (v) => ({ metrics: { http_reqs: { rate: v } } }), [1000, 500], [499, 0]],
  ['failed', (v) => ({ metrics: { 'http_req_failed{phase:run}': { rate: v } } }), [0.001, 0.0099], [0.01, 1]],
  ['saga', (v) => ({ metrics: { saga_duration: { 'p(95)': v } } }), [10000, 29999], [30000]],
  ['compensated', (v) => ({ metrics: { compensated: { rate: v } } }), [], [0.9999, 0]],
]) {
  test(`${title}: at the bound it is no longer ok, and far from it one must act`, () => {
    for (const value of tolerable) assert.equal(row(judge([summary('s', changes(value))], calm), title).verdict, 'tolerable', `${value}`);
    for (const value of act) assert.equal(row(judge([summary('s', changes(value))], calm), title).verdict, 'act', `${value}`);
  });
}

test('pool and lag have their bounds too', () => {
  const of = (pool, lag) => judge([summary('s')], { ...calm, pool: [{ where: 'users', pool }], lag: [{ where: 'a → b', lag }] });
  assert.deepEqual([0.69, 0.7, 0.9].map((v) => row(of(v, 0), 'DB pool').verdict), ['ok', 'tolerable', 'act']);
  assert.deepEqual([99, 100, 1000].map((v) => row(of(0, v), 'consumer lag').verdict), ['ok', 'tolerable', 'act']);
});

test('what nobody measured is missing, and missing is never ok', () => {
  const rows = judge([summary('journey', { judges: ['latency'] })], null);
  assert.deepEqual(rows.filter((r) => r.verdict === 'missing').map((r) => r.title),
    ['requests per second', 'failed requests', 'DB pool in use', 'consumer lag, messages', 'saga, p95', 'compensated sagas']);
  assert.equal(decision(rows), 'missing');
  assert.match(render([summary('journey', { judges: ['latency'] })], null), /not known: requests per second; failed requests; DB pool/);
  assert.equal(decision(judge([], null)), 'missing');
});

test('a metric without figures is missing, not zero', () => {
  const empty = summary('journey', { metrics: { saga_duration: undefined, compensated: undefined } });
  assert.equal(row(judge([empty], calm), 'saga').verdict, 'missing');
  assert.equal(row(judge([empty], calm), 'compensated').verdict, 'missing');
});

test('the worst of several scripts decides, and each miss has its advice', () => {
  const slow = summary('soak', { metrics: { 'http_req_duration{phase:run}': { 'p(95)': 1500 } } });
  const slower = summary('spike', { metrics: { 'http_req_duration{phase:run}': { 'p(95)': 2500 } } });
  const p95 = row(judge([summary('journey'), slow, slower], calm), 'p95');
  assert.deepEqual([p95.from, p95.verdict, p95.misses.map((m) => m.from)], ['spike', 'act', ['soak', 'spike']]);
  const text = render([summary('journey'), slow, slower], calm);
  assert.match(text, /\*\*p95 of all requests, spike: 2\.50 s\*\* \(act\)\. Slowest: pay 0\.40 s, hold 0\.09 s\..*Queue:Capacity/);
});

test('a breakpoint run is judged by what it carried', () => {
  const broken = summary('breakpoint', { carried: 1200, brokeAt: 1500, passed: false });
  assert.equal(row(judge([broken], calm), 'requests per second').shown, '1,200/s');
  assert.match(table([broken])[2], /carried 1200\/s, broke at 1500\/s/);
});

test('a wrong outcome is worse than any slowness', () => {
  const wrong = summary('concurrency', { passed: false, thresholds: [{ metric: 'holds_won{case:one_seat}', rule: 'count==1', ok: false }], failedChecks: [{ check: 'sold once', passes: 0, fails: 1 }] });
  const rows = judge([wrong], calm);
  assert.equal(decision(rows), 'act');
  assert.match(render([wrong], calm), /`holds_won\{case:one_seat\}` not count==1.*"sold once" failed 1×/);
  const slow = summary('journey', { passed: false, thresholds: [{ metric: 'http_req_duration{phase:run}', rule: 'p(95)<1000', ok: false }] });
  assert.equal(row(judge([slow], calm), 'outcomes').verdict, 'ok');
});

test('violated books mean act; books nobody looked at are missing', () => {
  assert.equal(decision(judge([summary('journey', { audit: 'VIOLATED' })], calm)), 'act');
  assert.equal(row(judge([summary('journey'), summary('soak', { audit: undefined })], calm), 'books').verdict, 'missing');
});

test('the command reads a folder, prints Markdown, and exits with 1 where one must act', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'report-'));
  const run = (...args) => spawnSync(process.execPath, [fileURLToPath(new URL('report.mjs', import.meta.url)), ...args], { encoding: 'utf8' });
  writeFileSync(path.join(folder, 'journey.json'), JSON.stringify(summary('journey', { audit: undefined })));
  writeFileSync(path.join(folder, 'journey.audit'), 'audit (3 tickets, 3 completed and 0 failed payments): clean\n');
  writeFileSync(path.join(folder, 'collected.json'), JSON.stringify(calm));
  const good = run(folder);
  assert.equal(good.status, 0, good.stderr);
  assert.match(good.stdout, /\*\*Ok: every objective was measured and met\.\*\*/);
  assert.match(run('--table', folder).stdout, /\| journey \| users 10 \| 90000 \| 1500 \| 20 ms \| 100 ms \| 200 ms \| 0 of 90000 \| 7 \| 500 ms \| met \| clean \|/);
  writeFileSync(path.join(folder, 'journey.audit'), 'audit (3 tickets, 2 completed and 0 failed payments): 1 violations\n  seat 1 has 2 tickets\n');
  assert.equal(run(folder).status, 1);
  writeFileSync(path.join(folder, 'other.json'), '{}');
  assert.match(run(folder).stderr, /other\.json is neither/);
  assert.equal(run().status, 2);
});

test('Redis: answers that arrive in pieces are put together', () => {
  const text = '*2\r\n$1\r\n0\r\n*2\r\n$3\r\nabc\r\n:-7\r\n';
  assert.deepEqual(parse(text, 0), { value: ['0', ['abc', -7]], end: text.length });
  for (let length = 0; length < text.length; length++) assert.equal(parse(text.slice(0, length), 0), null, `${length}`);
  assert.deepEqual(parse('$-1\r\n', 0), { value: null, end: 5 });
  assert.match(parse('-ERR no\r\n', 0).value.message, /ERR no/);
});

test('Redis: lag is what was not delivered and what was not acknowledged', async () => {
  const answers = ['*2\r\n$1\r\n7\r\n*1\r\n$1\r\na\r\n', '*2\r\n$1\r\n0\r\n*0\r\n', '*1\r\n*6\r\n$4\r\nname\r\n$5\r\nqueue\r\n$7\r\npending\r\n:2\r\n$3\r\nlag\r\n:40\r\n'];
  const server = net.createServer((socket) => socket.on('data', () => socket.write(answers.shift()))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const redis = new Redis(`127.0.0.1:${server.address().port}`);
  assert.deepEqual(await lags(redis), [{ where: 'a → queue', lag: 42 }]);
  server.close();
  redis.socket.destroy();
});

/** Runs the collector until its file satisfies, then ends it as `make load-all` does; the file's content. */
async function collect(satisfies, env, ...args) {
  const out = path.join(mkdtempSync(path.join(os.tmpdir(), 'collect-')), 'collected.json');
  const collector = spawn(process.execPath, [fileURLToPath(new URL('collect.mjs', import.meta.url)), '--out', out, '--every', '0.1', ...args], { env });
  const written = () => (existsSync(out) ? JSON.parse(readFileSync(out, 'utf8')) : null);
  for (let waited = 0; waited < 200 && !(written() && satisfies(written())); waited++) await new Promise((resolve) => setTimeout(resolve, 50));
  collector.kill();
  await once(collector, 'exit');
  return written();
}

test('the collector keeps the highest values Prometheus knows', async () => {
  const pools = ['0.2', '0.5', '0.1'];
  let asked = 0;
  const server = http.createServer((request, response) => {
    const isPool = request.url.includes('database_pool');
    const result = isPool
      ? [{ metric: { __name__: 'concert:database_pool:share', service_name: 'users' }, value: [0, pools[Math.min(asked++, 2)]] }]
      : [{ metric: { stream: 'payment.completed', group: 'queue' }, value: [0, '17'] }];
    response.end(JSON.stringify({ data: { result } }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const collected = await collect(() => asked > 3, process.env, '--prometheus', `http://127.0.0.1:${server.address().port}`);
  server.close();
  assert.deepEqual([collected.pool, collected.lag, collected.trouble], [[{ where: 'users', pool: 0.5 }], [{ where: 'payment.completed queue', lag: 17 }], []]);
});

test('what the collector cannot read is said, and missing in the report', async () => {
  const collected = await collect((c) => c.trouble.length >= 2, { PATH: '/nowhere' }, '--postgres', '127.0.0.1:1', '--redis', '127.0.0.1:1');
  assert.match(collected.trouble.join('\n'), /psql cannot be started.*\n.*Redis: connect ECONNREFUSED/);
  const rows = judge([summary('journey')], collected);
  assert.deepEqual([row(rows, 'DB pool').verdict, row(rows, 'consumer lag').verdict], ['missing', 'missing']);
  assert.match(render([summary('journey')], collected), /The collector had trouble: psql cannot be started/);
});
