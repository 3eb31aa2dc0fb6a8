/**
 * Time travel and order: for random histories of every kind of record, the answer `as_of` T is the
 * answer of a fresh database into which the same records were merged with their stamps up to T,
 * asked as of T at any later time; neither order of arrival nor the division over stores changes an
 * answer; and who takes part, with which trust and votes, is what the rules say that are restated
 * in `support/reference`.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfMs, type HlcStamp, recordKinds, stampMs } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import type { Question } from '../../src/query/question.js';
import { countChanges } from '../support/changes.js';
import { Coverage, effects, HistoryCounts } from '../support/coverage.js';
import {
  historyOf,
  mergeAll,
  playOn,
  playWholeHistory,
  type SimulatedDatabase,
  simulatedDatabase,
} from '../support/databases.js';
import { firstDifference } from '../support/first_difference.js';
import { firstPolicy } from '../support/histories/cast.js';
import { idsOfKind } from '../support/log_records.js';
import { answersTo, someQuestions } from '../support/questions.js';
import { type Read, readsOf, someReads } from '../support/reads.js';
import { followsRules } from '../support/reference/compare.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const questionsPerSeed = 32;

interface Told {
  readonly origin: SimulatedDatabase;
  /** Stamped at or before this is what the history told. */
  readonly stamps: readonly HlcStamp[];
  /** All that was told by now: what the log holds, and what was merged as it came. */
  records(): Promise<readonly MergeRecord[]>;
}

/** A database with a history of every kind; each fourth has a chain of premises that is deep. */
const told = async (seed: number, random: Seeded): Promise<Told> => {
  const origin = await simulatedDatabase({ startMs, identity: 1, policy: firstPolicy });
  const merged = await playWholeHistory(origin, random, { length: 120, deep: seed % 4 === 0 });
  // Not those of what was known with a smaller one: the node takes no notice of them.
  const stamps = (await historyOf(origin)).map((record) => record.stamp).sort();
  return { origin, stamps, records: async () => [...(await historyOf(origin)), ...merged] };
};

/** A database that knows nothing yet, long after the history. */
const later = (identity: number): Promise<SimulatedDatabase> =>
  simulatedDatabase({ startMs: startMs + 400 * dayMs, identity });

const questionsAbout = (random: Seeded, records: readonly MergeRecord[]): readonly Question[] =>
  someQuestions(random, questionsPerSeed, { epochs: idsOfKind(records, 'epoch'), startMs });

/** The stamp below which this part of the history lies; 1: its last. */
const stampAt = (stamps: readonly HlcStamp[], part: number): HlcStamp => {
  const found = stamps[Math.floor((stamps.length - 1) * part)];
  if (found === undefined) throw new RangeError('There is no history.');
  return found;
};

/** Moments between, at, before and after the records of a history. */
const momentsOf = (stamps: readonly HlcStamp[]): readonly (number | HlcStamp)[] => [
  stampMs(stampAt(stamps, 1 / 2)),
  stampAt(stamps, 1 / 2),
  stampMs(stampAt(stamps, 2 / 3)) - 1,
  stampMs(stampAt(stamps, 1)),
];

/** Fails with the first question or call that was answered otherwise. */
const sameAnswers = (
  questions: readonly (Question | Read)[],
  actual: readonly string[],
  expected: readonly string[],
  where: string,
): void => {
  assert.equal(actual.length, expected.length);
  for (const [at, text] of expected.entries()) {
    const other = actual[at] ?? '';
    if (other === text) continue;
    const asked = JSON.stringify(questions[at]);
    assert.fail(`answered otherwise ${where}: ${asked}\nat ${firstDifference(other, text)}`);
  }
};

const seeds = seedsOf(countOf(12, 1000));

for (const seed of seeds) {
  test(`answers follow the rules as they are stated, seed ${seed}`, async () => {
    const random = seeded(seed + 2_000_000);
    const { origin, stamps, records } = await told(seed, random);
    const all = await records();
    for (const part of [1, 0.6]) await followsRules(origin, all, stampAt(stamps, part));
    await origin.database.close();
  });
}

for (const seed of seeds) {
  test(`as_of equals a database that stopped there, seed ${seed}`, async () => {
    const random = seeded(seed);
    const { origin, stamps, records } = await told(seed, random);
    const questions = questionsAbout(random, await records());
    for (const moment of random.shuffled(momentsOf(stamps)).slice(0, 3)) {
      const until = typeof moment === 'number' ? endOfMs(moment) : moment;
      const expected = await answersTo(origin.database, questions, moment);
      const fresh = await later(2);
      // What was written meanwhile may share the millisecond that is asked about.
      const upTo = (await records()).filter((record) => record.stamp <= until);
      await mergeAll(fresh, random.shuffled(upTo));
      fresh.clock.advance(random.below(30 * dayMs));
      const there = await answersTo(fresh.database, questions, moment);
      sameAnswers(questions, there, expected, `as of ${moment} by one that stopped there`);
      // And the origin still says the same, after more has been written.
      await playOn(origin, random, 12);
      const again = await answersTo(origin.database, questions, moment);
      sameAnswers(questions, again, expected, `as of ${moment} after more was written`);
      await fresh.database.close();
    }
    await origin.database.close();
  });

  test(`whatever is read is as of the moment asked, seed ${seed}`, async () => {
    const random = seeded(seed + 3_000_000);
    const { origin, stamps, records } = await told(seed, random);
    const all = await records();
    const reads = someReads(random, all);
    for (const moment of [stampAt(stamps, 1 / 2), stampAt(stamps, 4 / 5)]) {
      const expected = await readsOf(origin.database, reads, moment);
      const fresh = await later(2);
      await mergeAll(fresh, random.shuffled(all.filter((record) => record.stamp <= moment)));
      const there = await readsOf(fresh.database, reads, moment);
      sameAnswers(reads, there, expected, `as of ${moment} by one that stopped there`);
      await fresh.database.close();
    }
    await origin.database.close();
  });

  test(`three stores agree whatever the order, seed ${seed}`, async () => {
    const random = seeded(seed + 1_000_000);
    const { origin, stamps, records } = await told(seed, random);
    const all = await records();
    const questions = questionsAbout(random, all);
    const last = stampAt(stamps, 1);
    const expected = await answersTo(origin.database, questions, last);
    for (const identity of [2, 3, 4]) {
      const store = await later(identity);
      const mixed = random.shuffled(all);
      const half = random.below(mixed.length);
      await mergeAll(store, mixed.slice(0, half));
      // Some arrive twice: union, not addition.
      await mergeAll(store, random.shuffled(mixed.slice(Math.floor(half / 2))));
      const there = await answersTo(store.database, questions, last);
      sameAnswers(questions, there, expected, `by store ${identity}`);
      await store.database.close();
    }
    await origin.database.close();
  });
}

const mustBeMet = [
  ...recordKinds.flatMap((kind) => [`kind: ${kind}`, `answers changed by: ${kind}`]),
  ...effects,
];

/** A few histories, as when one is replayed, need not hold everything. */
const skip = seeds.length < 12;

test('every kind of record and every effect was exercised', { skip }, async (context) => {
  const coverage = new Coverage();
  for (const seed of seeds) {
    const random = seeded(seed);
    const { origin, records } = await told(seed, random);
    const all = await records();
    new HistoryCounts(coverage, all).count();
    await countChanges(origin, random, questionsAbout(random, all).slice(0, 8), coverage);
    await origin.database.close();
  }
  for (const line of coverage.lines()) context.diagnostic(line);
  assert.deepEqual(coverage.missing(mustBeMet), []);
});
