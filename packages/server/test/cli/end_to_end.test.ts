import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fail } from '@stemedb/model';
import { systemEngine } from '../../src/bin/system_effects.js';
import type { CliServices } from '../../src/cli/services.js';
import { openReal, scratchDirectories, signedClaim } from '../ops/directories.js';
import { noServices, type Ran, run, scratch } from './harness.js';
import { startReal } from './real_server.js';

const services: CliServices = {
  ...noServices,
  openDatabase: (directories) => openReal(directories, { policy: false }),
  engine: systemEngine,
  readConfig: async () => fail({ code: 'internal', detail: 'not here' }),
};

const idsOf = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.stringify(JSON.parse(line).record));

test('state, ask, doubt, export, import elsewhere: the same records', async (context) => {
  const directories = await scratchDirectories(context);
  const server = await startReal(context, directories);
  const folder = await scratch(context);
  const key = join(folder, 'agent.key.json');
  const cli = (...words: string[]): Promise<Ran> =>
    run([...words, '--url', server.url], { io: { services } });

  assert.equal((await cli('keys', 'generate', '--out', key)).exit, 0);
  const first = await cli('assert', 'test/cluster', 'replicated', 'true', '--key', key);
  assert.equal(first.exit, 0, first.err);
  assert.match(first.out, /^created [0-9a-f]{64}\n {2}test\/cluster replicated = true\n/);
  const second = await cli('assert', 'test/cluster', 'replicated', 'false', '--confidence', '0.4');
  assert.equal(second.exit, 0, second.err);

  const asked = await cli('query', 'test/cluster', '--lens', 'confidence', '--explain');
  assert.equal(asked.exit, 0, asked.err);
  assert.match(asked.out, /test\/cluster.*replicated.*true.*contested|agreed/);
  assert.match(asked.out, /candidates \(2\)/);
  const doubted = await cli('skeptic', 'test/cluster', 'replicated');
  assert.match(doubted.out, /2 values/);
  assert.match((await cli('layered', 'test/cluster')).out, /community|anecdotal|expert/);
  const none = await cli('query', 'test/nothing');
  assert.equal(none.exit, 0);
  assert.match(none.err, /no claim/);
  const refused = await cli('assert', 'test//cluster', 'a', 'b');
  assert.equal(refused.exit, 1, refused.err);
  assert.match(refused.err, /\/concept_path/);

  const where = ['--wal-dir', directories.walDir, '--db-dir', directories.dbDir];
  const file = join(folder, 'all.jsonl');
  const exported = await cli('export', '--out', file, ...where);
  assert.equal(exported.exit, 0, exported.err);

  const elsewhere = await scratchDirectories(context);
  const other = await startReal(context, elsewhere);
  const imported = await run(['import', file, '--url', other.url]);
  // The node's own claim is refused there: another node cannot prove that it made it.
  assert.equal(imported.exit, 65, imported.err + imported.out);
  assert.match(imported.err, /agent_not_proved/);
  assert.match(imported.out, /^2 created/);
  const again = await run(['import', file, '--url', other.url]);
  assert.match(again.out, /^0 created, 2 already there/);
});

test('signed claims: export, import, export give the same contents', async (context) => {
  const directories = await scratchDirectories(context);
  const server = await startReal(context, directories);
  const folder = await scratch(context);
  const lines = Array.from({ length: 500 }, (_, index) => {
    const { content, signatures } = signedClaim(index);
    const [signature] = signatures;
    const record = { kind: 'assertion', v: 1, ...content };
    return { record, signature };
  });
  const { canonicalBytes, recordIdOf } = await import('@stemedb/model');
  const text = lines.flatMap(({ record, signature }) => [
    JSON.stringify({
      kind: 'attestation',
      v: 1,
      target: recordIdOf(canonicalBytes(record)),
      ...signature,
    }),
    JSON.stringify(record),
  ]);
  const [one, two] = [join(folder, 'one.jsonl'), join(folder, 'two.jsonl')];
  await writeFile(one, text.join('\n'));
  const imported = await run(['import', one, '--url', server.url]);
  assert.equal(imported.exit, 0, imported.err);
  assert.match(imported.out, /^1000 created/);

  const where = ['--wal-dir', directories.walDir, '--db-dir', directories.dbDir];
  assert.equal((await run(['export', '--out', two, ...where])).exit, 0);
  const elsewhere = await scratchDirectories(context);
  const other = await startReal(context, elsewhere);
  const second = await run(['import', two, '--url', other.url]);
  assert.equal(second.exit, 0, second.err);
  assert.match(second.out, /^1000 created, 0 already there, 0 refused/);
  assert.match(second.err, /1 policy records left out/);
  const place = ['--wal-dir', elsewhere.walDir, '--db-dir', elsewhere.dbDir];
  const back = await run(['export', ...place]);
  const isPolicy = (line: string): boolean => line.includes('"kind":"policy"');
  const [before, after] = [idsOf(await readFile(two, 'utf8')), idsOf(back.out)];
  // A record that comes in one group with its attestation may be logged a little later there.
  const contents = (all: readonly string[]): string =>
    all
      .filter((line) => !isPolicy(line))
      .sort()
      .join('\n');
  assert.ok(contents(after) === contents(before));
  assert.equal(after.length, 1001);
});
