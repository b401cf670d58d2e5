// What a script says at its end: a text for people, and the same as JSON for the decision report.

const symbol = (ok) => (ok ? '✓' : '✗');

/**
 * Makes a script's handleSummary. `scale` says how large the run was; `judges` names the objectives the report may read from it
 * (latency, throughput, errors, saga, compensation). `extra` computes what else belongs to the result.
 * SUMMARY_DIR names a folder that exists; `-` prints the JSON as one line instead. Without it there is no JSON.
 */
export function summarise(script, scale, judges, extra = (_) => ({})) {
  return function handleSummary(data) {
    const result = { script, at: new Date().toISOString(), seconds: data.state.testRunDurationMs / 1000, scale, judges, ...resultOf(data), ...extra(data) };
    const folder = __ENV.SUMMARY_DIR || '';
    const outputs = { stdout: text(result) };
    if (folder === '-') outputs.stdout += `${JSON.stringify(result)}\n`;
    else if (folder) outputs[`${folder}/${script}.json`] = JSON.stringify(result, null, 1);
    return outputs;
  };
}

function resultOf(data) {
  const metrics = {};
  const thresholds = [];
  for (const [name, metric] of Object.entries(data.metrics)) {
    metrics[name] = { type: metric.type, ...metric.values };
    for (const [rule, { ok }] of Object.entries(metric.thresholds || {})) thresholds.push({ metric: name, rule, ok });
  }
  return { passed: thresholds.every((t) => t.ok), thresholds, metrics, failedChecks: failedChecks(data.root_group) };
}

function failedChecks(group) {
  const here = group.checks.filter((c) => c.fails > 0).map((c) => ({ check: c.name, passes: c.passes, fails: c.fails }));
  return [...here, ...group.groups.flatMap(failedChecks)];
}

function text(result) {
  const scale = Object.entries(result.scale).map(([name, value]) => `${name} ${value}`).join(', ');
  const lines = [`${result.script} (${scale}): ${result.passed ? 'passed' : 'FAILED'} after ${result.seconds.toFixed(0)} s`, '', '  objectives'];
  for (const t of result.thresholds) lines.push(`    ${symbol(t.ok)} ${pad(t.metric, 44)} ${pad(t.rule, 16)} ${valueOf(result.metrics[t.metric], t.rule)}`);
  lines.push('', '  figures');
  const shown = Object.entries(result.metrics).filter(([name]) => !name.includes('{') && !['data_sent', 'data_received', 'vus', 'vus_max'].includes(name));
  for (const [name, metric] of shown) lines.push(`    ${pad(name, 26)} ${figures(metric)}`);
  for (const c of result.failedChecks) lines.push(`    ✗ ${c.check}: ${c.fails} of ${c.passes + c.fails} did not`);
  for (const line of result.notes || []) lines.push(`    ${line}`);
  return `${lines.join('\n')}\n`;
}

const pad = (s, width) => s + ' '.repeat(Math.max(0, width - s.length));
const round = (n) => (n === undefined || n === null ? '-' : String(Math.round(n * 100) / 100));

/** The value a rule such as `p(95)<1000` is about. */
function valueOf(metric, rule) {
  const [stat] = rule.split(/[<>=!]/);
  const value = metric[stat.trim()];
  return metric.type === 'rate' ? `${(metric.rate * 100).toFixed(3)} %` : round(value);
}

function figures(metric) {
  if (metric.type === 'trend') return `p50 ${round(metric.med)}  p95 ${round(metric['p(95)'])}  p99 ${round(metric['p(99)'])}  max ${round(metric.max)}`;
  if (metric.type === 'rate') return `${(metric.rate * 100).toFixed(3)} % (${metric.passes} of ${metric.passes + metric.fails})`;
  if (metric.type === 'counter') return `${metric.count} (${round(metric.rate)}/s)`;
  return round(metric.value);
}
