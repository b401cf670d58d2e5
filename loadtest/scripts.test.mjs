import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isRunnable, manifests, manifestsFolder, readScripts, scriptsFolder } from './testruns.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const scripts = readScripts();

test('the scripts are sound JavaScript for k6, by type', () => {
  const tsc = spawnSync(process.execPath, [path.join(here, 'node_modules/typescript/bin/tsc'), '-p', here], { encoding: 'utf8' });
  assert.equal(tsc.status, 0, tsc.stdout + tsc.stderr);
});

test('every script has thresholds, and something to run', () => {
  for (const { name, text } of scripts.filter(isRunnable)) {
    assert.match(text, /export const options = (endpoint\(|\{)/, name);
    assert.match(text, /export const options = endpoint\(|thresholds: /, name);
    assert.match(text, /export default function|exec: fn/, name);
  }
});

test('imports are of k6 itself or of a file in the same folder: a ConfigMap has no others', () => {
  for (const { name, text } of scripts) {
    for (const [, from] of text.matchAll(/^(?:import|\}) .*from '([^']+)'|^import '([^']+)'/gm)) {
      if (from === 'k6' || from.startsWith('k6/')) continue;
      assert.match(from, /^\.\/[a-z-]+\.js$/, `${name} imports ${from}`);
      assert.ok(existsSync(path.join(scriptsFolder, from)), `${name} imports ${from}`);
    }
  }
});

test('k8s/loadtest is what the scripts make', () => {
  const made = manifests(scripts);
  assert.deepEqual(readdirSync(manifestsFolder).sort(), Object.keys(made).sort(), 'run `make testruns`');
  for (const [name, text] of Object.entries(made)) assert.equal(readFileSync(path.join(manifestsFolder, name), 'utf8'), text, `${name}: run \`make testruns\``);
});

/** The files in a ConfigMap of literal blocks, by key. */
function dataOf(yaml) {
  const files = {};
  let key = null;
  for (const line of yaml.slice(yaml.indexOf('\ndata:\n') + 7).split('\n')) {
    const [, found] = /^ {2}(\S+): \|$/.exec(line) ?? [];
    if (found) files[key = found] = [];
    else files[key].push(line.replace(/^ {4}/, ''));
  }
  return Object.fromEntries(Object.entries(files).map(([name, lines]) => [name, `${lines.join('\n').replace(/\n$/, '')}\n`]));
}

test('the ConfigMap has the very files, and fits', () => {
  const text = readFileSync(path.join(manifestsFolder, 'scripts.yaml'), 'utf8');
  assert.deepEqual(dataOf(text), Object.fromEntries(scripts.map((s) => [s.name, s.text])));
  assert.ok(text.length < 1024 * 1024 / 2);
  assert.doesNotMatch(text, /\t/);
});

test('every script that can be run has its TestRun, which runs it', () => {
  for (const { name } of scripts.filter(isRunnable)) {
    const text = readFileSync(path.join(manifestsFolder, name.replace('.js', '.yaml')), 'utf8');
    assert.match(text, new RegExp(`name: k6-scripts\\n      file: ${name.replace('.', '\\.')}\\n`));
    assert.match(text, /^apiVersion: k6\.io\/v1alpha1\nkind: TestRun$/m);
  }
});
