/** When a kept page is served: for which question, at which moment, after which records. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HlcStamp, RecordId } from '@stemedb/model';
import { AnswerCache, type AskedPage, movingAnswerMsMax } from '../../src/query/answer_cache.js';
import { CachedCandidates } from '../../src/query/cached_candidates.js';
import { Generations } from '../../src/query/generations.js';
import { QueryCache } from '../../src/query/query_cache.js';
import type { Question } from '../../src/query/question.js';
import type { CandidateRow } from '../../src/store/candidate_loader.js';
import type { StoreSnapshot } from '../../src/store/store.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { TestClock } from '../support/test_clock.js';
import { claim, startMs, write } from './asking.js';

/** A clock whose monotonic time a test moves. */
class SteppedClock extends TestClock {
  nowMs = 0;

  override monotonicMs(): number {
    return this.nowMs;
  }
}

const question: Question = {
  scope: { type: 'concept', conceptPath: 'a/b' },
  lens: 'recency',
  limit: 100,
};

interface Bench {
  readonly target: SimulatedDatabase;
  readonly generations: Generations;
  readonly cache: QueryCache;
  readonly clock: SteppedClock;
  readonly counts: { hits: number; misses: number };
  /** Asks for a page and says whether it was computed. */
  isComputed(asked?: Partial<AskedPage>, snapshot?: StoreSnapshot): Promise<boolean>;
  /** Notes everything in the log that was not noted. */
  note(): Promise<void>;
}

const bench = async (bytesMax = 1 << 20): Promise<Bench> => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const { log, store } = target.database;
  const generations = new Generations(store.visibleStamp);
  const counts = { hits: 0, misses: 0 };
  const metrics = {
    looked: (_cache: string, found: boolean) => {
      if (found) counts.hits += 1;
      else counts.misses += 1;
    },
  };
  const cache = new QueryCache({ bytesMax, generations, metrics });
  const clock = new SteppedClock(startMs);
  const answers = new AnswerCache<readonly string[]>(cache, clock);
  let noted = log.lastSequence;
  return {
    target,
    generations,
    cache,
    clock,
    counts,
    isComputed: async (asked = {}, given) => {
      const snapshot = given ?? store.snapshot();
      let computed = false;
      const moment = { kind: 'visible', stamp: snapshot.visibleStamp } as const;
      const page = { question, scope: '', after: undefined, moment, ...asked };
      const scope = page.question.scope;
      await answers.page(page, snapshot, async (watched) => {
        computed = true;
        return [...watched.pairs({ scope })].map((pair) => pair.predicate);
      });
      if (given === undefined) snapshot.release();
      return computed;
    },
    note: async () => {
      const { decodeStored, recordIdOf } = await import('@stemedb/model');
      for await (const chunk of log.iterate({ sequence: noted + 1 })) {
        generations.note(
          chunk.map((record) => ({
            ...record,
            id: recordIdOf(record.bytes),
            content: decodeStored(record.bytes),
          })),
        );
      }
      noted = log.lastSequence;
    },
  };
};

test('a page is kept until a record touches what it was read from', async () => {
  const { target, isComputed, note, counts } = await bench();
  assert.equal(await isComputed(), true);
  assert.equal(await isComputed(), false);
  await write(target, claim('elsewhere', { concept_path: 'a/c' }));
  await note();
  assert.equal(await isComputed(), false);
  await write(target, claim('here'));
  await note();
  assert.equal(await isComputed(), true);
  assert.equal(await isComputed(), false);
  assert.deepEqual(counts, { hits: 3, misses: 2 });
  await target.database.close();
});

test('a page of a newer snapshot does not serve an older one that lacks a record', async () => {
  const { target, isComputed, note } = await bench();
  const older = target.database.store.snapshot();
  await write(target, claim('here'));
  await note();
  assert.equal(await isComputed(), true);
  const moment = { kind: 'visible', stamp: older.visibleStamp } as const;
  assert.equal(await isComputed({ moment }, older), true);
  older.release();
  await target.database.close();
});

test('a snapshot that was taken before what is durable became visible is not kept', async () => {
  const { target, generations, isComputed } = await bench();
  const { lastSequence } = target.database.log;
  const vote = { kind: 'source', title: 't', v: 1, agent_id: 'a', asserted_at: 0 };
  generations.note([
    {
      sequence: lastSequence + 1,
      id: '7'.repeat(64) as RecordId,
      stamp: 'f'.repeat(32) as HlcStamp,
      kind: 4,
      shard: 0,
      proof: 'node',
      bytes: new Uint8Array(),
      offset: 0,
      content: vote as never,
    },
  ]);
  assert.equal(await isComputed(), true);
  assert.equal(await isComputed(), true);
  await target.database.close();
});

test('question, scope, place and moment are in the key, with every member', async () => {
  const { target, isComputed } = await bench();
  const [stamp, other] = ['1'.repeat(32), '2'.repeat(32)] as [HlcStamp, HlcStamp];
  const variants: readonly Partial<AskedPage>[] = [
    {},
    { question: { ...question, lens: 'skeptic' } },
    { question: { ...question, limit: 99 } },
    { question: { ...question, scope: { type: 'prefix', prefix: 'a/b' } } },
    { question: { ...question, minConfidence: 0.5 } },
    { question: { ...question, decay: 30 } },
    { question: { ...question, explain: true } },
    { scope: 'a' },
    { after: { conceptPath: 'a/b', predicate: 'o' } },
    { moment: { kind: 'fixed', stamp } },
    { moment: { kind: 'fixed', stamp: other } },
    { moment: { kind: 'moving', stamp } },
  ];
  for (const asked of variants) assert.equal(await isComputed(asked), true);
  for (const asked of variants) assert.equal(await isComputed(asked), false);
  await target.database.close();
});

test('what says the same as its absence is the same question', async () => {
  const { target, isComputed } = await bench();
  assert.equal(await isComputed(), true);
  const same = {
    ...question,
    decay: 'none',
    explain: false,
    minPosition: 'x',
    cursor: 'y',
  } as const;
  assert.equal(await isComputed({ question: same }), false);
  await target.database.close();
});

test('an answer that time moves is served for a second', async () => {
  const { target, clock, isComputed } = await bench();
  const moving = (stamp: string): Partial<AskedPage> => ({
    moment: { kind: 'moving', stamp: stamp as HlcStamp },
  });
  assert.equal(await isComputed(moving('1'.repeat(32))), true);
  clock.nowMs = movingAnswerMsMax - 1;
  assert.equal(await isComputed(moving('2'.repeat(32))), false);
  clock.nowMs = movingAnswerMsMax;
  assert.equal(await isComputed(moving('3'.repeat(32))), true);
  assert.equal(await isComputed(moving('4'.repeat(32))), false);
  clock.advance(-movingAnswerMsMax);
  assert.equal(await isComputed(moving('5'.repeat(32))), true);
  await target.database.close();
});

test('a visible moment that the snapshot has passed is a fixed one', async () => {
  const { target, isComputed, note } = await bench();
  const { store } = target.database;
  const before = store.visibleStamp;
  await write(target, claim('here'));
  await note();
  const passed = { moment: { kind: 'visible', stamp: before } } as const;
  assert.equal(await isComputed(passed), true);
  assert.equal(await isComputed(), true);
  assert.equal(await isComputed(passed), false);
  await target.database.close();
});

test('an explanation is of its own stamp', async () => {
  const { target, isComputed, note } = await bench();
  const explained = { question: { ...question, explain: true } };
  assert.equal(await isComputed(explained), true);
  assert.equal(await isComputed(explained), false);
  await write(target, claim('elsewhere', { concept_path: 'a/c' }));
  await note();
  assert.equal(await isComputed(explained), true);
  await target.database.close();
});

test('memory is bounded, and 0 bytes keep nothing', async () => {
  const small = await bench(8192);
  for (let limit = 1; limit <= 100; limit += 1) {
    await small.isComputed({ question: { ...question, limit } });
    assert.ok(small.cache.bytes <= 8192);
  }
  assert.equal(await small.isComputed({ question: { ...question, limit: 100 } }), false);
  assert.equal(await small.isComputed({ question: { ...question, limit: 1 } }), true);
  await small.target.database.close();
  const off = await bench(0);
  assert.equal(await off.isComputed(), true);
  assert.equal(await off.isComputed(), true);
  assert.deepEqual(off.counts, { hits: 0, misses: 0 });
  await off.target.database.close();
});

const rowsOf = async (
  cached: CachedCandidates,
  snapshot: StoreSnapshot,
  asOf: HlcStamp,
): Promise<readonly CandidateRow[]> => {
  const rows: CandidateRow[] = [];
  const pair = { conceptPath: 'a/b', predicate: 'p' };
  for await (const chunk of cached.over(snapshot).candidates(pair, asOf)) rows.push(...chunk);
  return rows;
};

test('kept rows are those of the store, at every moment', async () => {
  const { target, cache, counts, note } = await bench();
  const cached = new CachedCandidates(cache);
  const { store } = target.database;
  const [first] = await write(target, claim('one'));
  const early = store.visibleStamp;
  target.clock.advance(1);
  await write(target, claim('two'), claim('three'));
  await note();
  const snapshot = store.snapshot();
  for (const expectedHits of [0, 1]) {
    const all = await rowsOf(cached, snapshot, snapshot.visibleStamp);
    assert.equal(all.length, 3);
    assert.equal(counts.hits, expectedHits);
  }
  const then = await rowsOf(cached, snapshot, early);
  assert.deepEqual(
    then.map(({ id }) => id),
    [first],
  );
  await write(target, claim('four'));
  await note();
  const newer = store.snapshot();
  assert.equal((await rowsOf(cached, newer, newer.visibleStamp)).length, 4);
  assert.equal((await rowsOf(cached, snapshot, newer.visibleStamp)).length, 3);
  snapshot.release();
  newer.release();
  await target.database.close();
});
