// What is asked of the system, and what to do where it falls short. `at` reads a value from a summary or from what was collected.

const seconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const percent = (share) => `${(share * 100).toFixed(3).replace(/\.?0+$/, '')} %`;
const count = (n) => Math.round(n).toLocaleString('en');

const run = (summary, name) => summary.metrics[`${name}{phase:run}`] ?? summary.metrics[name];

/** The slowest requests of a summary, for the advice. */
function slowest(summary) {
  const named = Object.entries(summary.metrics).filter(([name]) => name.startsWith('http_req_duration{name:'));
  const sorted = named.sort(([, a], [, b]) => b['p(95)'] - a['p(95)']).slice(0, 3);
  return sorted.map(([name, m]) => `${name.slice('http_req_duration{name:'.length, -1)} ${seconds(m['p(95)'])}`).join(', ');
}

/**
 * `better` 'low': ok below `ok`, tolerable below `tolerable`; 'high': ok above `ok`, tolerable from `tolerable`. `of` says where the value
 * comes from: the summaries that judge it, or the collector.
 */
export const objectives = [
  {
    key: 'latency', title: 'p95 of all requests', of: 'summary', better: 'low', ok: 1000, tolerable: 2000, show: seconds,
    at: (s) => run(s, 'http_req_duration')?.['p(95)'],
    advice: (s) => `Slowest: ${slowest(s)}. Reads: raise \`Catalog:CacheSeconds\` or \`Reservation:MapSeconds\`, add replicas of catalog and gateway. `
      + 'Holds and payments: let in fewer at once (`Queue:Capacity`) or more slowly (`Queue:AdmitCount`), then add processors to reservation and payment. '
      + 'Polls: add replicas of gateway and queue.',
  },
  {
    key: 'throughput', title: 'requests per second', of: 'summary', better: 'high', ok: 1000, tolerable: 500, show: (v) => `${count(v)}/s`,
    at: (s) => s.carried ?? run(s, 'http_reqs')?.rate,
    advice: () => 'See which program uses up its processors (`dotnet.process.cpu.time`, `top`): mostly the gateway and its sidecar first. Add replicas (the chart\'s '
      + 'autoscalers do at 70 % CPU; raise their maximum), and check that the load generator itself was not the limit: it should be below a third of its own.',
  },
  {
    key: 'errors', title: 'failed requests', of: 'summary', better: 'low', ok: 0.001, tolerable: 0.01, show: percent,
    at: (s) => run(s, 'http_req_failed')?.rate,
    advice: (s) => `${(s.failedChecks ?? []).map((c) => `"${c.check}" ${c.fails}×`).join(', ') || 'All checks held'}. 429: raise \`Limits:*\` or spread the callers. 503: a part did not answer in time; `
      + 'look at its log and restarts. 500: a fault; the log has it under the `traceId` of the answer. Do not open a sale before this is understood.',
  },
  {
    key: 'pool', title: 'DB pool in use', of: 'collected', better: 'low', ok: 0.7, tolerable: 0.9, show: percent, at: (c) => c.pool,
    advice: (c) => `Fullest: ${c.where}. Look for slow statements first (\`pg_stat_activity\`, \`pg_stat_statements\`); then raise \`Postgres:PoolSize\` of that service, as long as replicas × pool `
      + 'stays below `max_connections`, or add a replica.',
  },
  {
    key: 'lag', title: 'consumer lag, messages', of: 'collected', better: 'low', ok: 100, tolerable: 1000, show: count, at: (c) => c.lag,
    advice: (c) => `Furthest behind: ${c.where}. Look for its errors and open dead letters (\`deliveries\`), then add replicas of that consumer; with Kafka no more than the topic has partitions.`,
  },
  {
    key: 'saga', title: 'saga, p95', of: 'summary', better: 'low', ok: 10000, tolerable: 30000, show: seconds,
    at: (s) => s.metrics.saga_duration?.['p(95)'],
    advice: () => 'Follow one slow payment step by step (`GET /api/v1/payments/{id}`, or its trace). Let in fewer at once (`Queue:Capacity`), add replicas of payment, and look at Redis: '
      + 'each activity is several writes to it.',
  },
  {
    key: 'compensation', title: 'compensated sagas', of: 'summary', better: 'high', ok: 1, tolerable: 1, show: percent,
    at: (s) => s.metrics.compensated?.rate,
    advice: () => 'Somebody may have paid for nothing, or a seat is lost. Stop the sale. `make audit` names the payments; look for `COMPENSATION_STUCK` in the payment database and in the log. '
      + 'The reconciler tries on: restart payment only if its log shows that it does not.',
  },
];

/** ok, tolerable or act. */
export function verdict(objective, value) {
  if (objective.key === 'compensation') return value >= 1 ? 'ok' : 'act';
  if (objective.better === 'low') return value < objective.ok ? 'ok' : value < objective.tolerable ? 'tolerable' : 'act';
  return value > objective.ok ? 'ok' : value >= objective.tolerable ? 'tolerable' : 'act';
}

/** The bound as people write it. */
export function bound(objective) {
  if (objective.key === 'compensation') return '100 %';
  return `${objective.better === 'low' ? '<' : '>'} ${objective.show(objective.ok)}`;
}
