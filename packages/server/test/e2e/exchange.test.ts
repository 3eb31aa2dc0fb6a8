/**
 * A database leaves by `export` and comes back: by `restore` with its stamps and so with its past,
 * by `import` as records of another server with the same ids.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  canonicalBytes,
  type JsonObject,
  keyPairFromSeed,
  type RecordContent,
  recordIdOf,
  sign,
} from '@stemedb/model';
import { askAll, resultsOf } from '../support/asker.js';
import { directoriesOf, runCli } from '../support/cli_process.js';
import { type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { playOverHttp, smallAnswers, visibleStamp } from '../support/small_database.js';

const seed = Number(process.env.STEMEDB_SEED ?? 31);
const pairs = 300;
const lenses = ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic'];
const agents = [1, 2, 3].map((byte) => keyPairFromSeed(new Uint8Array(32).fill(100 + byte)));

/** Two or three signed claims of different agents about each of many pairs. */
const stateMany = async (server: ServerProcess, random: Seeded): Promise<void> => {
  const claims = Array.from({ length: pairs }, (_, pair) =>
    agents.slice(random.below(2)).map(({ agentId, secretSeed }): JsonObject => {
      const content = {
        agent_id: agentId,
        asserted_at: Date.now() - random.below(90 * 86_400_000),
        concept_path: `many/${pair}`,
        confidence: random.pick([0.4, 0.7, 1]),
        predicate: 'dose',
        value: random.below(3),
      };
      const id = recordIdOf(canonicalBytes({ ...content, kind: 'assertion', v: 1 }));
      const signature = sign('assertion', id, secretSeed);
      return { ...content, signatures: [{ agent_id: agentId, signature }] };
    }),
  ).flat();
  const { status, body } = await server.post('/v1/assert/batch', claims);
  assert.ok(status === 200 || status === 201, JSON.stringify(body));
};

/** Every lens over all of it, as of a moment. */
const answersAsOf = async (server: ServerProcess, asOf: string): Promise<readonly string[]> => {
  const asked = lenses.flatMap((lens) =>
    [{}, { decay: 'class' }, { explain: 'true' }].map((variant) => ({
      ...{ prefix: 'many', limit: '1000', lens, as_of: asOf },
      ...variant,
    })),
  );
  const many = (await askAll(server.url, asked)).map(resultsOf);
  return [...many, ...(await smallAnswers(server, asOf))];
};

const exported = async (directory: string): Promise<string> => {
  const ran = await runCli('export', ...directoriesOf(directory));
  assert.equal(ran.exit, 0, ran.err);
  return ran.out;
};

/** The ids of all records but policies: each server has its own. */
const idsOf = (text: string): readonly string[] =>
  text
    .trim()
    .split('\n')
    .map((line) => (JSON.parse(line) as { record: RecordContent & JsonObject }).record)
    .filter(({ kind }) => kind !== 'policy')
    .map((record) => recordIdOf(canonicalBytes(record)))
    .sort();

test('out by export, back by restore and by import', { timeout: 300_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  const folder = await mkdtemp(join(tmpdir(), 'stemedb-exchange-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const server = await ServerProcess.start();
  t.after(() => server.remove());
  await playOverHttp(server, random, 100);
  await stateMany(server, random);
  const early = await visibleStamp(server);
  await stateMany(server, random);
  await playOverHttp(server, random, 100);
  const late = await visibleStamp(server);
  const [earlyAnswers, lateAnswers] = [
    await answersAsOf(server, early),
    await answersAsOf(server, late),
  ];
  assert.notDeepEqual(earlyAnswers, lateAnswers);
  assert.equal(JSON.parse(`{${lateAnswers[0]}}`).results.length, pairs);
  assert.equal(await server.stop(), 0);
  const file = join(folder, 'all.jsonl');
  const made = await runCli('export', '--out', file, ...directoriesOf(server.directory));
  assert.equal(made.exit, 0, made.err);
  const text = await readFile(file, 'utf8');

  await t.test('restored: the same lines, the same answers as of then', async (restoring) => {
    const directory = await mkdtemp(join(tmpdir(), 'stemedb-restored-'));
    restoring.after(() => rm(directory, { recursive: true, force: true }));
    const words = ['restore', '--from-export', file, ...directoriesOf(directory)];
    const ran = await runCli(...words);
    assert.equal(ran.exit, 0, ran.err);
    assert.ok((await exported(directory)) === text, 'the export of the restored is another');
    const restored = await ServerProcess.start({ directory });
    restoring.after(() => restored.stop('SIGKILL'));
    assert.ok(sameTexts(await answersAsOf(restored, early), earlyAnswers));
    assert.ok(sameTexts(await answersAsOf(restored, late), lateAnswers));
    assert.equal((await runCli(...words)).exit, 1, 'it restores into a database that is there');
  });

  await t.test('imported: the same ids, once', async (importing) => {
    const other = await ServerProcess.start();
    importing.after(() => other.remove());
    const ran = await runCli('import', file, '--url', other.url);
    assert.equal(ran.exit, 0, ran.err);
    const again = await runCli('import', '--no-resume', file, '--url', other.url);
    assert.equal(again.exit, 0, again.err);
    assert.match(again.out, /^0 created/);
    assert.equal(await other.stop(), 0);
    assert.deepEqual(idsOf(await exported(other.directory)), idsOf(text));
  });
});

const sameTexts = (found: readonly string[], expected: readonly string[]): boolean =>
  found.length === expected.length && found.every((text, at) => text === expected[at]);
