/**
 * Time travel and order: for random histories of every kind of record, the answer `as_of` T is the
 * answer of a fresh database into which the same records were merged with their stamps up to T,
 * asked as of T at any later time; and neither order of arrival nor the division over stores
 * changes an answer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfMs, type HlcStamp, stampMs } from '@stemedb/model';
import type { LogRecord } from '../../src/log/log.js';
import type { Question } from '../../src/query/question.js';
import {
  historyOf,
  mergeAll,
  playOn,
  playWholeHistory,
  type SimulatedDatabase,
  simulatedDatabase,
} from '../support/databases.js';
import { firstPolicy } from '../support/histories/cast.js';
import { idsOfKind } from '../support/log_records.js';
import { answersTo, someQuestions } from '../support/questions.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const questionsPerSeed = 48;

/** A database with a history of every kind; each fourth has a chain of premises that is deep. */
const told = async (seed: number, random: Seeded): Promise<SimulatedDatabase> => {
  const target = await simulatedDatabase({ startMs, identity: 1, policy: firstPolicy });
  await playWholeHistory(target, random, { length: 120, deep: seed % 4 === 0 });
  return target;
};

/** A database that knows nothing yet, long after the history. */
const later = (identity: number): Promise<SimulatedDatabase> =>
  simulatedDatabase({ startMs: startMs + 400 * dayMs, identity });

const questionsAbout = (random: Seeded, records: readonly LogRecord[]): readonly Question[] =>
  someQuestions(random, questionsPerSeed, { epochs: idsOfKind(records, 'epoch'), startMs });

/** Moments between, at, before and after the records of a history. */
const momentsOf = (records: readonly LogRecord[]): readonly (number | HlcStamp)[] => {
  const stamps = records.map((record) => record.stamp).sort();
  const middle = stamps[Math.floor(stamps.length / 2)];
  const third = stamps[Math.floor((stamps.length * 2) / 3)];
  const last = stamps.at(-1);
  if (middle === undefined || third === undefined || last === undefined) return [];
  return [stampMs(middle), middle, stampMs(third) - 1, stampMs(last)];
};

/** Fails with the first question that was answered otherwise. */
const sameAnswers = (
  questions: readonly Question[],
  actual: readonly string[],
  expected: readonly string[],
  where: string,
): void => {
  assert.equal(actual.length, expected.length);
  for (const [at, text] of expected.entries()) {
    assert.equal(actual[at], text, `answered otherwise ${where}: ${JSON.stringify(questions[at])}`);
  }
};

for (const seed of seedsOf(countOf(12, 1000))) {
  test(`as_of equals a database that stopped there, seed ${seed}`, async () => {
    const random = seeded(seed);
    const origin = await told(seed, random);
    const written = await historyOf(origin);
    const questions = questionsAbout(random, written);
    for (const moment of momentsOf(written)) {
      // What was written meanwhile may share the millisecond that is asked about.
      const records = await historyOf(origin);
      const until = typeof moment === 'number' ? endOfMs(moment) : moment;
      const expected = await answersTo(origin.database, questions, moment);
      const fresh = await later(2);
      const upTo = records.filter((record) => record.stamp <= until);
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

  test(`three stores agree whatever the order, seed ${seed}`, async () => {
    const random = seeded(seed + 1_000_000);
    const origin = await told(seed, random);
    const records = await historyOf(origin);
    const questions = questionsAbout(random, records);
    const last = records
      .map((record) => record.stamp)
      .sort()
      .at(-1);
    const expected = await answersTo(origin.database, questions, last);
    for (const identity of [2, 3, 4]) {
      const store = await later(identity);
      const mixed = random.shuffled(records);
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
