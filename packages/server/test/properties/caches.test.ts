/**
 * Kept answers are those that would be computed: over random histories of every kind of record, a
 * database that keeps answers and one that computes each of them, over the same records, say the
 * same to the same questions between writes.
 *
 * The two hold the same records with the same stamps, each record written to the one and merged
 * into the other at once, so each of them is now and then behind the other's clock. An answer that
 * time moves may be a second old; it is compared as of the moment that it states.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, kindNumber, type RecordId, stampMs } from '@stemedb/model';
import type { LogRecord } from '../../src/log/log.js';
import type { Question } from '../../src/query/question.js';
import {
  mergeAll,
  playSteps,
  type SimulatedDatabase,
  simulatedDatabase,
} from '../support/databases.js';
import { firstPolicy } from '../support/histories/cast.js';
import { type WholeStep, wholeHistory } from '../support/histories/whole.js';
import { ask, someQuestions } from '../support/questions.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);

/** Pages as well as whole answers, since a page is what is kept. */
const paged = (random: Seeded, question: Question): Question =>
  random.chance(0.25) ? { ...question, limit: 1 + random.below(2) } : question;

/** A question that differs in one member, which the two must not share an answer for. */
const neighbour = (random: Seeded, question: Question): Question => {
  const { scope, lens, limit, ...optional } = question;
  const names = Object.keys(optional);
  if (names.length === 0) return { ...question, explain: true };
  const dropped = random.pick(names);
  const rest = Object.entries(optional).filter(([name]) => name !== dropped);
  return { scope, lens, limit, ...Object.fromEntries(rest) };
};

class Twins {
  readonly #caching: SimulatedDatabase;
  readonly #computing: SimulatedDatabase;
  #copiedFromCaching = 0;
  #copiedFromComputing = 0;

  constructor(caching: SimulatedDatabase, computing: SimulatedDatabase) {
    this.#caching = caching;
    this.#computing = computing;
  }

  get caching(): SimulatedDatabase {
    return this.#caching;
  }

  get computing(): SimulatedDatabase {
    return this.#computing;
  }

  /** Brings what each has and the other lacks to the other; mixed, as it may arrive. */
  async level(random: Seeded): Promise<void> {
    const [caching, computing] = [this.#caching, this.#computing];
    const fromCaching = await recordsAfter(caching, this.#copiedFromCaching);
    const fromComputing = await recordsAfter(computing, this.#copiedFromComputing);
    if (fromCaching.length > 0) await mergeAll(computing, fromCaching);
    if (fromComputing.length > 0) await mergeAll(caching, random.shuffled(fromComputing));
    this.#copiedFromCaching = caching.database.log.lastSequence;
    this.#copiedFromComputing = computing.database.log.lastSequence;
  }

  /** Fails when the kept answer to a question is not the computed one. */
  async compare(question: Question, asOf: string | undefined): Promise<Answer> {
    const kept = await this.#kept(question, asOf);
    const moved = asOf === undefined && question.cursor === undefined;
    const again = await ask(this.#computing.database, question, asOf);
    const isSameMoment = again.as_of_stamp === kept.as_of_stamp;
    const computed =
      moved && !isSameMoment
        ? await ask(this.#computing.database, question, kept.as_of_stamp)
        : again;
    assert.equal(
      comparable(kept),
      comparable(computed),
      `answered otherwise from memory: ${JSON.stringify({ ...question, asOf })}`,
    );
    if (moved) this.#checkMoment(question, kept);
    return kept;
  }

  async #kept(question: Question, asOf: string | undefined): Promise<Answer> {
    try {
      return await ask(this.#caching.database, question, asOf);
    } catch (cause) {
      throw new Error(`answered otherwise from memory: ${String(cause)}`, { cause });
    }
  }

  /** Without a stated moment, only what time moves may be of another than the newest. */
  #checkMoment(question: Question, kept: Answer): void {
    const { database, clock } = this.#caching;
    // Not the other twin's newest: of two stamps for one id each may have been given the lower one.
    const newest = database.store.visibleStamp;
    if (kept.as_of_stamp === newest) return;
    const ageMs = Math.max(clock.wallMs(), stampMs(newest)) - Date.parse(kept.as_of);
    assert.ok(Math.abs(ageMs) <= 1000, `answered otherwise from memory: ${ageMs} ms old`);
    const moves =
      (question.decay ?? 'none') !== 'none' ||
      question.minTrust !== undefined ||
      ['authority', 'layered', 'constraints'].includes(question.lens);
    assert.ok(moves, `answered otherwise from memory: ${JSON.stringify(question)} is not of now`);
  }
}

const recordsAfter = async (
  { database }: SimulatedDatabase,
  sequence: number,
): Promise<readonly LogRecord[]> => {
  const records: LogRecord[] = [];
  for await (const chunk of database.log.iterate({ sequence: sequence + 1 })) {
    records.push(...chunk);
  }
  return records;
};

/** All but the id of the question, and the cursor, which is sealed anew each time. */
const comparable = (answer: Answer): string => {
  const { query_id: _id, next_cursor: cursor, ...rest } = answer;
  return JSON.stringify({ ...rest, hasNext: cursor !== undefined });
};

const twins = async (): Promise<Twins> => {
  const options = { startMs, identity: 1, policy: firstPolicy };
  const caching = await simulatedDatabase(options);
  return new Twins(caching, await simulatedDatabase({ ...options, cacheBytesMax: 0 }));
};

const readEpochs = ({ database }: SimulatedDatabase): readonly RecordId[] => {
  const snapshot = database.store.snapshot();
  try {
    return [...snapshot.ofKind(kindNumber.epoch)].map(({ id }) => id);
  } finally {
    snapshot.release();
  }
};

/** Kinds of records that touch only what they name; the others touch every kept answer. */
const local: ReadonlySet<string> = new Set(['assertion', 'vote', 'attestation']);

/**
 * The steps of a history in stretches: first what touches everything, then in any order what does
 * not; one by one and most of it through the gates, so that answers are there to be outdated.
 */
const stretches = (
  random: Seeded,
  steps: readonly WholeStep[],
): readonly (readonly WholeStep[])[] => {
  const made: (readonly WholeStep[])[] = [];
  for (let at = 0; at < steps.length; at += 25) {
    // What is merged may be late, and what is late touches everything.
    const some = steps
      .slice(at, at + 25)
      .map((step): WholeStep => (random.chance(0.85) ? { ...step, by: 'submit' } : step));
    made.push([
      ...some.filter(({ draft }) => !local.has(draft.kind)),
      ...random.shuffled(some.filter(({ draft }) => local.has(draft.kind))),
    ]);
  }
  return made;
};

class Comparison {
  readonly #random: Seeded;
  readonly #twins: Twins;
  readonly #moments: string[] = [];
  #questions: readonly Question[] = [];

  constructor(random: Seeded, both: Twins) {
    this.#random = random;
    this.#twins = both;
  }

  /** Plays a step on one twin, brings the other level, and asks both. */
  async step(step: WholeStep): Promise<void> {
    const random = this.#random;
    const { caching, computing } = this.#twins;
    const [writing, other] = random.chance(0.7) ? [caching, computing] : [computing, caching];
    await playSteps(writing, random, [step]);
    other.clock.advance(writing.clock.wallMs() - other.clock.wallMs());
    await this.#twins.level(random);
    await this.#askAll();
  }

  /** Changes what is asked; lets time pass now and then. */
  async refresh(): Promise<void> {
    const random = this.#random;
    const { caching, computing } = this.#twins;
    const known = { epochs: readEpochs(caching), startMs };
    const drawn = someQuestions(random, 24, known).map((one) => paged(random, one));
    const some = random.shuffled(drawn).slice(0, 3);
    this.#questions = [...some, ...some.map((one) => neighbour(random, one))];
    this.#moments.push(caching.database.store.visibleStamp);
    await this.#askAll();
    if (!random.chance(0.5)) return;
    const stepMs = random.below(40 * 86_400_000);
    for (const { clock } of [caching, computing]) clock.advance(stepMs);
    await this.#askAll();
  }

  async #askAll(): Promise<void> {
    for (const question of this.#questions) await this.#ask(question);
  }

  async #ask(question: Question): Promise<void> {
    const random = this.#random;
    const asOf = random.chance(0.2) ? random.pick(this.#moments) : undefined;
    const { next_cursor: cursor } = await this.#twins.compare(question, asOf);
    // Each twin has cursors of its own making; both know the one key.
    if (cursor !== undefined) await this.#twins.compare({ ...question, cursor }, undefined);
  }
}

for (const seed of seedsOf(countOf(6, 500))) {
  test(`kept answers are those that would be computed, seed ${seed}`, async () => {
    const random = seeded(seed + 2_000_000);
    const both = await twins();
    const node = both.caching.database.agentId;
    const steps = wholeHistory(random, { length: 100, startMs, node, deep: seed % 5 === 0 });
    const comparison = new Comparison(random, both);
    for (const stretch of stretches(random, steps)) {
      await comparison.refresh();
      for (const step of stretch) await comparison.step(step);
    }
    await both.caching.database.close();
    await both.computing.database.close();
  });
}
