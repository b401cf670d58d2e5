// The decision report: what k6 and the collector found, held against the objectives. Prints Markdown; exit code 1 where something must be done.
//   node report.mjs [--table] FILE|FOLDER...      summaries of k6 scripts (*.json) and what collect.mjs wrote (collected.json)
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bound, objectives, verdict } from './objectives.mjs';

const severity = ['ok', 'tolerable', 'missing', 'act'];

/** Every objective with its worst value, where it was seen, and its verdict. What nobody measured is `missing`. */
export function judge(summaries, collected) {
  return [...objectives.map((objective) => measured(objective, summaries, collected)), outcomes(summaries), books(summaries)];
}

function measured(objective, summaries, collected) {
  const readings = objective.of === 'summary'
    ? summaries.filter((s) => s.judges.includes(objective.key)).map((s) => ({ from: s.script, source: s, value: objective.at(s) }))
    : (collected?.[objective.key] ?? []).map((c) => ({ from: c.where, source: c, value: objective.at(c) }));
  const known = readings.filter((r) => Number.isFinite(r.value));
  const row = { title: objective.title, bound: bound(objective) };
  if (known.length === 0) return { ...row, verdict: 'missing', misses: [] };
  const worst = known.reduce((a, b) => (objective.better === 'low' ? a.value >= b.value : a.value <= b.value) ? a : b);
  const judged = known.map((r) => ({ from: r.from, shown: objective.show(r.value), verdict: verdict(objective, r.value), advice: objective.advice(r.source) }));
  return { ...row, from: worst.from, shown: objective.show(worst.value), verdict: verdict(objective, worst.value), misses: judged.filter((r) => r.verdict !== 'ok') };
}

// Thresholds on these are the objectives' own; what remains says what must come out: tickets, winners, checks.
const isOutcome = ({ metric }) => !/^(http_|saga_duration|compensated|dropped_iterations)/.test(metric);

function outcomes(summaries) {
  const row = { title: 'outcomes (tickets, winners, checks)', bound: 'as expected' };
  if (summaries.length === 0) return { ...row, verdict: 'missing', misses: [] };
  const wrong = summaries.filter((s) => s.thresholds.some((t) => !t.ok && isOutcome(t)));
  const misses = wrong.map((s) => ({
    from: s.script, verdict: 'act', shown: s.thresholds.filter((t) => !t.ok && isOutcome(t)).map((t) => `\`${t.metric}\` not ${t.rule}`).join(', '),
    advice: `${(s.failedChecks ?? []).map((c) => `"${c.check}" failed ${c.fails}×`).join(', ') || 'No check failed'}. Run this script alone with fewer users; if it fails again, the system is wrong, not slow.`,
  }));
  return { ...row, from: wrong.map((s) => s.script).join(', '), shown: `${summaries.length - wrong.length} of ${summaries.length} scripts`, verdict: misses.length > 0 ? 'act' : 'ok', misses };
}

function books(summaries) {
  const row = { title: 'books (audit after each script)', bound: 'clean' };
  const audited = summaries.filter((s) => s.audit);
  const misses = audited.filter((s) => s.audit !== 'clean').map((s) => ({
    from: s.script, shown: s.audit, verdict: 'act', advice: 'The audit\'s output names each seat, payment and account. Do not sell until it is explained.',
  }));
  const verdict = misses.length > 0 ? 'act' : audited.length === 0 || audited.length < summaries.length ? 'missing' : 'ok';
  return { ...row, from: '', shown: `${audited.length - misses.length} of ${summaries.length} clean`, verdict, misses };
}

/** The one word for all: the worst verdict; missing figures are never ok. */
export const decision = (rows) => rows.map((r) => r.verdict).reduce((a, b) => (severity.indexOf(a) > severity.indexOf(b) ? a : b), 'ok');

/** The report in Markdown. */
export function render(summaries, collected) {
  const rows = judge(summaries, collected);
  const missing = rows.filter((r) => r.verdict === 'missing').map((r) => r.title);
  const lines = ['# Load test: decision', '', `**${sentence(decision(rows))}**`, ''];
  if (missing.length > 0) lines.push(`Not or not wholly measured, so not known: ${missing.join('; ')}.`, '');
  for (const what of collected?.trouble ?? []) lines.push(`The collector had trouble: ${what}.`, '');
  lines.push('| Objective | Bound | Worst value | Seen in | Verdict |', '|---|---|---|---|---|');
  for (const r of rows) lines.push(`| ${r.title} | ${r.bound} | ${r.shown ?? ''} | ${r.from ?? ''} | ${r.verdict} |`);
  const misses = rows.flatMap((r) => r.misses.map((m) => `- **${r.title}, ${m.from}: ${m.shown}** (${m.verdict}). ${m.advice}`));
  if (misses.length > 0) lines.push('', '## What to do', '', ...misses);
  return `${lines.concat('', '## Scenarios', '', ...table(summaries)).join('\n')}\n`;
}

function sentence(word) {
  return {
    ok: 'Ok: every objective was measured and met.',
    tolerable: 'Tolerable: nothing must be done at once; see below what should be.',
    missing: 'Open: what was measured can be lived with, but not everything was measured.',
    act: 'Act: an objective is missed by far; see below what to do.',
  }[word];
}

/** A line per scenario, as docs/performance.md shows them. */
export function table(summaries) {
  const ms = (value) => (Number.isFinite(value) ? `${Math.round(value)} ms` : '');
  const lines = ['| Scenario | Scale | Requests | per second | p50 | p95 | p99 | Failed | Tickets | Saga p95 | Thresholds | Audit |', '|---|---|---|---|---|---|---|---|---|---|---|---|'];
  for (const s of summaries) {
    const d = s.metrics['http_req_duration{phase:run}'] ?? s.metrics.http_req_duration;
    const failed = s.metrics['http_req_failed{phase:run}'] ?? s.metrics.http_req_failed;
    const result = s.script === 'breakpoint' ? `carried ${Math.round(s.carried)}/s, broke at ${s.brokeAt ? `${s.brokeAt}/s` : 'no step'}` : s.passed ? 'met' : 'MISSED';
    const scale = Object.entries(s.scale).map(([name, value]) => `${name} ${value}`).join(', ');
    const cells = [s.script, scale, s.metrics.http_reqs.count, Math.round(s.metrics.http_reqs.rate), ms(d.med), ms(d['p(95)']), ms(d['p(99)']),
      failed.fails === undefined ? '' : `${failed.passes} of ${failed.passes + failed.fails}`, s.metrics.tickets?.count || '', ms(s.metrics.saga_duration?.['p(95)']), result, s.audit ?? 'not run'];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines;
}

/** Reads summaries and, where there is one, collected.json. A script's audit lies beside its summary. */
export function read(places) {
  const files = places.flatMap((place) => (statSync(place).isDirectory() ? readdirSync(place).filter((f) => f.endsWith('.json')).sort().map((f) => path.join(place, f)) : [place]));
  const summaries = [];
  let collected = null;
  for (const file of files) {
    const content = JSON.parse(readFileSync(file, 'utf8'));
    if (content.collector) collected = content;
    else if (content.script && content.metrics) summaries.push({ ...content, audit: auditBeside(file) });
    else throw new Error(`${file} is neither a script's summary nor the collector's`);
  }
  return { summaries, collected };
}

function auditBeside(file) {
  const audit = file.replace(/\.json$/, '.audit');
  if (!existsSync(audit)) return undefined;
  return /^audit \(.*\): clean$/m.test(readFileSync(audit, 'utf8')) ? 'clean' : 'VIOLATED';
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const places = process.argv.slice(2).filter((a) => !a.startsWith('--'));
  if (places.length === 0) {
    console.error('usage: node report.mjs [--table] FILE|FOLDER...');
    process.exit(2);
  }
  const { summaries, collected } = read(places);
  if (process.argv.includes('--table')) console.log(table(summaries).join('\n'));
  else {
    process.stdout.write(render(summaries, collected));
    process.exitCode = decision(judge(summaries, collected)) === 'act' ? 1 : 0;
  }
}
