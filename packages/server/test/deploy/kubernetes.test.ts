/**
 * The manifests against the published schemas of Kubernetes: by their validators, and by the
 * compiler, which also finds fields that do not exist; and against what the server knows.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { runToEnd } from './programs.js';
import { root } from './release.js';
import { assertCommand, configOf } from './settings_of.js';

const folder = join(root, 'deploy/kubernetes');

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  // biome-ignore lint/suspicious/noExplicitAny: the schemas check it; the tests below look into it
  readonly [field: string]: any;
}

const manifestsOf = (name: string): readonly Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => {
    assert.deepEqual(document.errors, [], name);
    return document.toJS() as Manifest;
  });

const files = readdirSync(folder).filter((name) => name !== 'kustomization.yaml');
const manifests = files.flatMap(manifestsOf);
const ofKind = (kind: string): readonly Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind);

/** Where the types and validators of a version of the API are. */
const moduleOf = ({ apiVersion }: Manifest): string => `kubernetes-models/${apiVersion}`;

/** What the compiler has to say about these manifests as literals of the published types. */
async function complaints(checked: readonly Manifest[]): Promise<string> {
  // Below packages/, where the compiler finds the types.
  const directory = await mkdtemp(join(root, 'packages/server/dist/kubernetes-'));
  try {
    const lines = checked.map((manifest, at) => {
      const type = `import('${moduleOf(manifest)}').I${manifest.kind}`;
      return `export const m${at}: ${type} = ${JSON.stringify(manifest, null, 1)};`;
    });
    const file = join(directory, 'manifests.ts');
    await writeFile(file, lines.join('\n'));
    const tsc = join(root, 'node_modules/typescript/bin/tsc');
    const how = ['--noEmit', '--strict', '--skipLibCheck', '--ignoreConfig', '--types', 'node'];
    const words = [tsc, ...how, '--module', 'nodenext', file];
    return (await runToEnd(process.execPath, words)).out;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

test('every manifest is one that Kubernetes accepts', async () => {
  assert.ok(manifests.length >= 10);
  for (const manifest of manifests) {
    const { [manifest.kind]: Model } = await import(moduleOf(manifest));
    assert.ok(Model !== undefined, `${manifest.apiVersion} ${manifest.kind}`);
    new Model(manifest).validate();
  }
  assert.equal(await complaints(manifests), '');
});

test('a field that does not exist, or has another type, is noticed', async () => {
  const [server] = structuredClone(ofKind('StatefulSet'));
  assert.ok(server !== undefined);
  const [container] = server.spec.template.spec.containers;
  container.securityContext.readOnlyRootFileSystem = true;
  container.livenessProbe.periodSeconds = '10';
  const found = await complaints([server]);
  assert.match(found, /readOnlyRootFileSystem/);
  assert.match(found, /periodSeconds|string.* not assignable to type 'number'/);
});

test('kustomization.yaml names every file', () => {
  const [{ resources } = { resources: [] }] = manifestsOf('kustomization.yaml');
  assert.deepEqual([...resources].sort(), [...files].sort());
});

/** The specification of the pods of a workload. */
const podOf = (manifest: Manifest) =>
  (manifest.kind === 'CronJob' ? manifest.spec.jobTemplate.spec : manifest.spec).template.spec;

const workloads = [...ofKind('StatefulSet'), ...ofKind('CronJob')];

test('no pod gets variables from services, nor rights that it does not need', () => {
  assert.ok(workloads.length >= 2);
  for (const workload of workloads) {
    const pod = podOf(workload);
    const { name } = workload.metadata;
    // STEMEDB_PORT and the like, which Kubernetes makes of a Service, would stop the start.
    assert.equal(pod.enableServiceLinks, false, name);
    assert.equal(pod.automountServiceAccountToken, false, name);
    assert.equal(pod.securityContext.runAsNonRoot, true, name);
    for (const container of pod.containers) {
      assert.equal(container.securityContext.readOnlyRootFilesystem, true, name);
      assert.equal(container.securityContext.allowPrivilegeEscalation, false, name);
      assert.deepEqual(container.securityContext.capabilities, { drop: ['ALL'] }, name);
    }
  }
});

test('the server accepts the settings, and the probes by their host', async () => {
  const [server] = ofKind('StatefulSet');
  const [settings] = ofKind('ConfigMap');
  const [container] = podOf(server as Manifest).containers;
  const given = container.env.filter((entry: { value?: string }) => entry.value !== undefined);
  const own = given.map(({ name, value }: { name: string; value: string }) => [name, value]);
  const config = await configOf({ ...settings?.data, ...Object.fromEntries(own) });
  assert.equal(config.bindAddr, '0.0.0.0:18180');
  // Defined before it is used, or Kubernetes leaves the text as it is.
  const names = container.env.map((entry: { name: string }) => entry.name);
  assert.ok(names.indexOf('POD_IP') < names.indexOf('STEMEDB_ALLOWED_HOSTS'));
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
    const { path, httpHeaders } = container[probe].httpGet;
    assert.match(path, /^\/v1\/health\/(live|ready)$/);
    assert.deepEqual(httpHeaders, [{ name: 'Host', value: 'localhost' }]);
  }
});

test('every job is a command that exists', async () => {
  for (const job of ofKind('CronJob')) {
    const [program, ...words] = podOf(job).containers[0].args;
    assert.equal(program, 'stemedb');
    await assertCommand(words);
  }
});
