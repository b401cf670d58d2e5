// Makes k8s/loadtest from the scripts: a ConfigMap of them all, and a TestRun for each (k6 Operator). `node testruns.mjs` writes the files.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const here = path.dirname(fileURLToPath(import.meta.url));
export const scriptsFolder = path.join(here, 'k6');
export const manifestsFolder = path.join(here, '..', 'k8s', 'loadtest');

const heading = '# Made by `make testruns` from loadtest/k6; do not edit.\n';
const labels = '    app.kubernetes.io/part-of: concert-dapr\n    app.kubernetes.io/component: loadtest\n';

/** All files of the scripts' folder: those that can be run, and what they import. */
export function readScripts() {
  const names = readdirSync(scriptsFolder).filter((name) => name.endsWith('.js')).sort();
  return names.map((name) => ({ name, text: readFileSync(path.join(scriptsFolder, name), 'utf8') }));
}

/** Only what handles a summary is a script of its own. */
export const isRunnable = ({ text }) => text.includes('export const handleSummary');

/** The manifests by file name. */
export function manifests(scripts) {
  const files = { 'scripts.yaml': configMap(scripts) };
  for (const { name } of scripts.filter(isRunnable)) files[`${path.basename(name, '.js')}.yaml`] = testRun(path.basename(name, '.js'));
  return files;
}

function configMap(scripts) {
  const data = scripts.map(({ name, text }) => `  ${name}: |\n${text.split('\n').map((line) => (line ? `    ${line}` : '')).join('\n')}`);
  return `${heading}apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: k6-scripts\n  labels:\n${labels}data:\n${data.join('')}`;
}

// Ten thousand virtual users need room; all others get by with little.
const room = (script) => (script === 'spike' ? ['2', '6Gi'] : ['1', '1Gi']);

// What a namespace with the restricted pod security standard demands of the runner and of its helpers.
const security = `    securityContext:
      runAsNonRoot: true
      runAsUser: 12345
      seccompProfile:
        type: RuntimeDefault
    containerSecurityContext:
      allowPrivilegeEscalation: false
      capabilities:
        drop:
          - ALL
`;

function testRun(script) {
  const [cpu, memory] = room(script);
  return `${heading}# The runner's log ends with the summary as one line of JSON. There is no \`cleanup: post\`: it would delete the log.
apiVersion: k6.io/v1alpha1
kind: TestRun
metadata:
  name: k6-${script}
  labels:
${labels}spec:
  parallelism: 1
  separate: false
  quiet: "false"
  arguments: --tag testid=${script}
  script:
    configMap:
      name: k6-scripts
      file: ${script}.js
  runner:
    metadata:
      labels:
${labels.replace(/^ {4}/gm, '        ')}    env:
      - name: BASE_URL
        value: http://gateway:8080
      - name: SUMMARY_DIR
        value: "-"
    resources:
      requests:
        cpu: "${cpu}"
        memory: ${memory}
      limits:
        memory: ${memory}
${security}  starter:
${security}  initializer:
${security}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(manifestsFolder, { recursive: true, force: true });
  mkdirSync(manifestsFolder, { recursive: true });
  for (const [name, text] of Object.entries(manifests(readScripts()))) writeFileSync(path.join(manifestsFolder, name), text);
}
