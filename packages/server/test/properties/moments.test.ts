/**
 * Time travel and order: for random histories, the answer `as_of` T is the answer of a fresh
 * database into which the same records were merged with their stamps up to T, asked as of T at any
 * later time; and neither order of arrival nor the division over stores changes an answer.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endOfMs, type HlcStamp, stampMs } from '@stemedb/model';
import { historyOf, mergeAll, playHistory, simulatedDatabase } from '../support/databases.js';
import { allQuestions, answersTo } from '../support/questions.js';
import { countOf, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;
const questions = allQuestions();

/** Moments between, at, before and after the records of a history. */
const momentsOf = (stamps: readonly HlcStamp[]): readonly (number | HlcStamp)[] => {
  const middle = stamps[Math.floor(stamps.length / 2)];
  const third = stamps[Math.floor(stamps.length / 3)];
  const last = stamps.at(-1);
  if (middle === undefined || third === undefined || last === undefined) return [];
  return [stampMs(middle), middle, stampMs(third) - 1, stampMs(last)];
};

/** Fails with the first question that was answered otherwise. */
const sameAnswers = (actual: readonly string[], expected: readonly string[]): void => {
  assert.equal(actual.length, expected.length);
  for (const [at, text] of expected.entries()) {
    assert.equal(actual[at], text, JSON.stringify(questions[at]));
  }
};

for (const seed of seedsOf(countOf(12, 1000))) {
  test(`as_of equals a database that stopped there, seed ${seed}`, async () => {
    const random = seeded(seed);
    const origin = await simulatedDatabase({ startMs, identity: 1 });
    await playHistory(origin, random, 60);
    const written = await historyOf(origin);
    for (const moment of momentsOf(written.map((record) => record.stamp))) {
      // What was written meanwhile may share the millisecond that is asked about.
      const records = await historyOf(origin);
      const until = typeof moment === 'number' ? endOfMs(moment) : moment;
      const expected = await answersTo(origin.database, questions, moment);
      const fresh = await simulatedDatabase({ startMs: startMs + 400 * dayMs, identity: 2 });
      const upTo = records.filter((record) => record.stamp <= until);
      await mergeAll(fresh, random.shuffled(upTo));
      fresh.clock.advance(random.below(30 * dayMs));
      sameAnswers(await answersTo(fresh.database, questions, moment), expected);
      // And the origin still says the same, after more has been written.
      await playHistory(origin, random, 5);
      sameAnswers(await answersTo(origin.database, questions, moment), expected);
      await fresh.database.close();
    }
    await origin.database.close();
  });

  test(`three stores agree whatever the order, seed ${seed}`, async () => {
    const random = seeded(seed + 1_000_000);
    const origin = await simulatedDatabase({ startMs, identity: 1 });
    await playHistory(origin, random, 60);
    const records = await historyOf(origin);
    const last = records.at(-1)?.stamp;
    const expected = await answersTo(origin.database, questions, last);
    for (const identity of [2, 3, 4]) {
      const store = await simulatedDatabase({ startMs: startMs + 400 * dayMs, identity });
      const mixed = random.shuffled(records);
      const half = random.below(mixed.length);
      await mergeAll(store, mixed.slice(0, half));
      // Some arrive twice: union, not addition.
      await mergeAll(store, random.shuffled(mixed.slice(Math.floor(half / 2))));
      sameAnswers(await answersTo(store.database, questions, last), expected);
      await store.database.close();
    }
    await origin.database.close();
  });
}
