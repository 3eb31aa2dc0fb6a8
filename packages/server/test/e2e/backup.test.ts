/**
 * Backups while clients write without pause, with a ledger of what was acknowledged outside of the
 * server: a full one in the middle and an incremental one later, each verified and restored
 * elsewhere. Everything acknowledged before a backup began is in it, by id and by answer.
 */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from '@stemedb/model';
import type { BackupReport } from '../../src/ops/backup/backup.js';
import type { BackupMetadata } from '../../src/ops/backup/metadata.js';
import type { RestoredLog } from '../../src/ops/restore_copy.js';
import { areDuplicates, samplesVerify } from '../durability/mixed/checks.js';
import { Ledger, type Sent } from '../durability/mixed/ledger.js';
import { loadOn, type Running, startRunning } from '../durability/mixed/running.js';
import { type Asked, askAll, resultsOf } from '../support/asker.js';
import { directoriesOf, runCli } from '../support/cli_process.js';
import { countOf, seeded } from '../support/seeded.js';

/** The load goes on until both backups are made, however long that takes. */
const loadMs = countOf(8_000, 60_000);
const connections = 8;
const samples = 60;
const seed = Number(process.env.STEMEDB_SEED ?? 20_261_190);

const lenses = ['recency', 'confidence', 'consensus', 'votes', 'authority', 'layered', 'skeptic'];

/** What was known just before a backup began. */
interface Before {
  readonly ledger: Ledger;
  readonly round: readonly Sent[];
  /** A stamp: everything up to it was visible. */
  readonly asOf: string;
}

const before = async ({ server }: Running, ledger: Ledger): Promise<Before> => {
  const answer = await server.get('/v1/query?prefix=load&limit=1');
  const round = ledger.takeRound();
  return { ledger: ledger.copy(), round, asOf: (answer.body as Answer).as_of_stamp };
};

const json = async <T>(...words: readonly string[]): Promise<T> => {
  const { exit, out, err } = await runCli(...words, '--json');
  assert.equal(exit, 0, `${words.join(' ')}: ${out}${err}`);
  return JSON.parse(out) as T;
};

const questionsAbout = (concepts: readonly string[], asOf: string): readonly Asked[] =>
  concepts.flatMap((concept) =>
    lenses.map((lens) => ({ concept_path: concept, lens, as_of: asOf })),
  );

const conceptsOf = (records: readonly Sent[], count: number): readonly string[] => {
  const found = new Set<string>();
  for (const { kind, text } of records) {
    if (kind === 'assertion')
      found.add((JSON.parse(text) as { concept_path: string }).concept_path);
    if (found.size === count) break;
  }
  return [...found];
};

/** A restored backup has what was acknowledged before it, and says the same about it. */
const holds = async (
  place: string,
  report: BackupReport,
  known: Before,
  expected: { readonly questions: readonly Asked[]; readonly answers: readonly string[] },
): Promise<void> => {
  const directory = await mkdtemp(join(tmpdir(), 'stemedb-restored-'));
  const random = seeded(seed);
  try {
    const backup = join(place, report.name);
    const metadata = JSON.parse(await readFile(join(backup, 'metadata.json'), 'utf8'));
    const { record_count, assertion_count, root } = metadata as BackupMetadata;
    await json('verify', backup);
    const restored = await json<RestoredLog>('restore', backup, ...directoriesOf(directory));
    assert.deepEqual(
      [restored.records, restored.assertions, restored.root],
      [record_count, assertion_count, root],
    );
    await json('verify', ...directoriesOf(directory));
    const running = await startRunning({ directory });
    try {
      await areDuplicates(running.wire, known.round);
      await samplesVerify(running.wire, known.ledger, random, samples);
      const answers = await askAll(running.server.url, expected.questions);
      assert.deepEqual(answers.map(resultsOf), expected.answers);
    } finally {
      running.wire.close();
      await running.server.stop('SIGKILL');
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

test(`backups beside ${loadMs / 1000} s of full write load`, { timeout: 3_600_000 }, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- e2e/backup`);
  const place = await mkdtemp(join(tmpdir(), 'stemedb-backups-'));
  const running = await startRunning();
  const { server, wire } = running;
  const ledger = new Ledger();
  try {
    const load = await loadOn(running, ledger, seeded(seed));
    const deadline = performance.now() + loadMs;
    let isBackedUp = false;
    let isOver = false;
    const writing = load
      .run(connections, () => isBackedUp && performance.now() > deadline)
      .finally(() => {
        isOver = true;
      });
    /** A share of the time, and so many acknowledgements. */
    const written = async (count: number): Promise<void> => {
      const from = ledger.acknowledged.length;
      await sleep(loadMs / 3);
      while (ledger.acknowledged.length < from + count) {
        assert.ok(!isOver, server.output);
        await sleep(50);
      }
    };
    const backUp = (...words: readonly string[]) =>
      json<BackupReport>('backup', '--to', place, ...words, ...directoriesOf(server.directory));
    await written(1000);
    const early = await before(running, ledger);
    const full = await backUp();
    await written(500);
    const late = await before(running, ledger);
    const incremental = await backUp('--incremental');
    isBackedUp = true;
    await writing;
    assert.equal(incremental.base, full.name);
    assert.ok(incremental.records > full.records);
    for (const [report, known] of [
      [full, early],
      [incremental, { ...late, round: [...early.round, ...late.round] }],
    ] as const) {
      const concepts = conceptsOf(seeded(seed).shuffled(known.round), 6);
      const questions = questionsAbout(concepts, known.asOf);
      const answers = (await askAll(server.url, questions)).map(resultsOf);
      await holds(place, report, known, { questions, answers });
      t.diagnostic(
        `${report.type}: ${known.ledger.acknowledged.length} acknowledged before, ` +
          `${report.records} records in it, ${answers.length} answers equal`,
      );
    }
  } finally {
    wire.close();
    await server.remove();
    await rm(place, { recursive: true, force: true });
  }
});
