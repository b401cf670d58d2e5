// Checks Kubernetes objects: each line of standard input is a JSON array of them, each line of the output the array of what is wrong.
// Types and required members come from kubernetes-models' schemas, unknown members and removed API versions from the client's attribute
// maps (Kubernetes 1.34). Custom resources are not known here.
import { createInterface } from 'node:readline';
import * as client from '@kubernetes/client-node/dist/gen/models/all.js';

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function clientClass({ apiVersion, kind }) {
  const version = apiVersion.split('/').pop();
  return client[`${capital(version)}${kind}`];
}

/** Members that the API does not have, all the way down. */
function* unknownMembers(typeName, value, path) {
  if (value === null || typeof value !== 'object') return;
  const list = /^Array<(.+)>$/.exec(typeName);
  if (list && Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* unknownMembers(list[1], item, `${path}[${index}]`);
    return;
  }
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(typeName);
  if (map) {
    for (const [key, item] of Object.entries(value)) yield* unknownMembers(map[1], item, `${path}.${key}`);
    return;
  }
  const attributes = client[typeName]?.attributeTypeMap;
  if (!attributes) return;
  for (const [key, item] of Object.entries(value)) {
    const attribute = attributes.find((a) => a.baseName === key);
    if (attribute) yield* unknownMembers(attribute.type, item, `${path}.${key}`);
    else yield `has no member ${path}.${key}`.replace(' .', ' ');
  }
}

async function* problemsOf(object) {
  const known = object.apiVersion && object.kind && clientClass(object);
  if (!known) {
    yield `${object.apiVersion} ${object.kind} does not exist`;
    return;
  }
  yield* unknownMembers(known.name, object, '');
  const models = await import(`kubernetes-models/${object.apiVersion}`).catch(() => ({}));
  const Model = models[object.kind];
  if (!Model) {
    yield `${object.apiVersion} ${object.kind} does not exist`;
    return;
  }
  try {
    new Model(object).validate();
  } catch (e) {
    yield e.message;
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const problems = [];
  for (const object of JSON.parse(line))
    for await (const problem of problemsOf(object)) problems.push(`${object.kind} ${object.metadata?.name}: ${problem}`);
  console.log(JSON.stringify(problems));
}
