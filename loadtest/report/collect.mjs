// Watches what k6 does not see while a load test runs: connections in use of each service's pool, and how far consumers are behind.
//   node collect.mjs --out FILE [--postgres HOST:PORT] [--pool 20] [--redis HOST:PORT] [--every 0.5]      a laptop: `make up`
//   node collect.mjs --out FILE --prometheus URL [--pool-query Q] [--lag-query Q]                        a cluster
// The file holds the highest values seen and is complete whenever it is read. SIGINT or SIGTERM ends it.
import { spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const services = ['users', 'catalog', 'reservation', 'payment', 'notification'];

/** The highest reading of each place, in the report's form. */
export class Peaks {
  constructor(out) {
    this.out = out;
    this.since = new Date().toISOString();
    this.readings = { pool: new Map(), lag: new Map() };
    this.trouble = new Set();
  }

  see(kind, where, value) {
    if (Number.isFinite(value)) this.readings[kind].set(where, Math.max(value, this.readings[kind].get(where) ?? 0));
  }

  /** What could not be read is said in the file; it leads to `missing`, not to `ok`. */
  miss(what) {
    if (!this.trouble.has(what)) console.error(`collect: ${what}`);
    this.trouble.add(what);
  }

  get result() {
    const list = (kind) => [...this.readings[kind]].map(([where, value]) => ({ where, [kind]: value }));
    return { collector: true, since: this.since, until: new Date().toISOString(), pool: list('pool'), lag: list('lag'), trouble: [...this.trouble] };
  }

  write() {
    writeFileSync(`${this.out}.new`, JSON.stringify(this.result, null, 1));
    renameSync(`${this.out}.new`, this.out);
  }
}

/** psql repeats the question by itself, on one connection. */
function watchPostgres(peaks, address, poolSize, every) {
  const [host, port] = address.split(':');
  const psql = spawn('psql', ['-h', host, '-p', port ?? '5432', '-U', 'postgres', '-d', 'postgres', '-X', '-q', '-A', '-t', '-F', ' '], { stdio: ['pipe', 'pipe', 'inherit'] });
  psql.on('error', (e) => peaks.miss(`psql cannot be started (${e.code}): no figures of the DB pool`));
  psql.on('exit', (code) => peaks.miss(`psql ended with ${code}`));
  const names = services.map((s) => `'${s}'`).join(', ');
  psql.stdin.on('error', () => peaks.miss('psql took no question'));
  psql.stdin.write(`SELECT s.name, count(a.pid) FILTER (WHERE a.state <> 'idle') FROM unnest(ARRAY[${names}]) s(name)
    LEFT JOIN pg_stat_activity a ON a.datname = s.name GROUP BY s.name \\watch ${every}\n`);
  createInterface({ input: psql.stdout }).on('line', (line) => {
    const [name, used] = line.trim().split(' ');
    if (services.includes(name)) peaks.see('pool', name, Number(used) / poolSize);
  });
  return () => psql.kill();
}

/** As little of Redis' protocol as XINFO needs: one connection, answers in the order of the questions. A character is a byte. */
export class Redis {
  constructor(address) {
    const [host, port] = address.split(':');
    this.socket = net.connect(Number(port ?? 6379), host);
    this.waiting = [];
    this.received = '';
    this.socket.setEncoding('latin1').on('data', (data) => this.take(data));
    this.socket.on('error', (e) => this.end(e)).on('close', () => this.end(new Error('the connection was closed')));
  }

  ask(...words) {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(`*${words.length}\r\n${words.map((w) => `$${Buffer.byteLength(w)}\r\n${w}\r\n`).join('')}`);
    });
  }

  take(data) {
    this.received += data;
    for (let reply = parse(this.received, 0); reply; reply = parse(this.received, 0)) {
      this.received = this.received.slice(reply.end);
      const { resolve, reject } = this.waiting.shift();
      if (reply.value instanceof Error) reject(reply.value);
      else resolve(reply.value);
    }
  }

  end(error) {
    this.waiting.splice(0).forEach(({ reject }) => reject(error));
  }
}

/** One RESP value from `at`, and where it ends; null where it is not complete. */
export function parse(text, at) {
  const lineEnd = text.indexOf('\r\n', at);
  if (lineEnd < 0) return null;
  const [kind, rest, after] = [text[at], text.slice(at + 1, lineEnd), lineEnd + 2];
  if (kind === '+') return { value: rest, end: after };
  if (kind === '-') return { value: new Error(rest), end: after };
  if (kind === ':') return { value: Number(rest), end: after };
  const length = Number(rest);
  if (length < 0) return { value: null, end: after };
  if (kind === '$') return text.length < after + length + 2 ? null : { value: text.slice(after, after + length), end: after + length + 2 };
  const values = [];
  let end = after;
  for (let i = 0; i < length; i++) {
    const item = parse(text, end);
    if (!item) return null;
    values.push(item.value);
    end = item.end;
  }
  return { value: values, end };
}

/** Messages of each stream not yet delivered to a group, and those delivered and not yet acknowledged. */
export async function lags(redis) {
  const found = [];
  const streams = new Set();
  let cursor = '0';
  do {
    const [next, keys] = await redis.ask('SCAN', cursor, 'COUNT', '1000', 'TYPE', 'stream');
    keys.forEach((key) => streams.add(key));
    cursor = next;
  } while (cursor !== '0');
  for (const stream of streams) {
    for (const fields of await redis.ask('XINFO', 'GROUPS', stream)) {
      const group = Object.fromEntries(Array.from({ length: fields.length / 2 }, (_, i) => [fields[2 * i], fields[2 * i + 1]]));
      found.push({ where: `${stream} → ${group.name}`, lag: (group.lag ?? 0) + group.pending });
    }
  }
  return found;
}

function watchRedis(peaks, address, every) {
  const redis = new Redis(address);
  return repeat(every, async () => (await lags(redis)).forEach(({ where, lag }) => peaks.see('lag', where, lag)), (e) => peaks.miss(`Redis: ${e.message}`));
}

function watchPrometheus(peaks, url, queries, every) {
  const ask = async (kind) => {
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(queries[kind])}`);
    if (!answer.ok) throw new Error(`${answer.status} for ${queries[kind]}`);
    for (const { metric: { __name__, ...labels }, value } of (await answer.json()).data.result) peaks.see(kind, Object.values(labels).join(' ') || __name__, Number(value[1]));
  };
  return repeat(every, async () => { await ask('pool'); await ask('lag'); }, (e) => peaks.miss(`Prometheus: ${e.message}`));
}

function repeat(every, work, failed) {
  let stopped = false;
  const turn = async () => {
    await work().catch(failed);
    if (!stopped) timer = setTimeout(turn, every * 1000);
  };
  let timer = setTimeout(turn, 0);
  return () => { stopped = true; clearTimeout(timer); };
}

function main(args) {
  const option = (name, otherwise) => (args.includes(`--${name}`) ? args[args.indexOf(`--${name}`) + 1] : otherwise);
  const out = option('out');
  const sources = ['postgres', 'redis', 'prometheus'].filter((s) => option(s));
  if (!out || sources.length === 0) {
    console.error('usage: node collect.mjs --out FILE [--postgres HOST:PORT] [--redis HOST:PORT] | [--prometheus URL]');
    process.exit(2);
  }
  const peaks = new Peaks(out);
  const every = Number(option('every', 0.5));
  const queries = {
    pool: option('pool-query', 'concert:database_pool:share'),
    lag: option('lag-query', 'concert:stream_behind:messages or concert:kafka_behind:messages'),
  };
  const stops = [];
  if (option('postgres')) stops.push(watchPostgres(peaks, option('postgres'), Number(option('pool', 20)), every));
  if (option('redis')) stops.push(watchRedis(peaks, option('redis'), every));
  if (option('prometheus')) stops.push(watchPrometheus(peaks, option('prometheus'), queries, every));
  const writing = setInterval(() => peaks.write(), 1000);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.on(signal, () => {
      clearInterval(writing);
      peaks.write();
      stops.forEach((stop) => stop());
      process.exit(0);
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
