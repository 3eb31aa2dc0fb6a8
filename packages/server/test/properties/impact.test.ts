/**
 * Impact is exactly what a retraction changes: over random histories of every kind of record, the
 * answers to all pairs before and after the retraction of each source differ where, and as, the
 * impact had said. Both are asked as of one moment: nothing but the retraction lies between.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AgentId,
  type AnswerResult,
  canonicalBytes,
  endOfMs,
  type HlcStamp,
  type Impact,
  kindNumber,
  makeStamp,
  type RecordId,
  stampMs,
} from '@stemedb/model';
import { inByteOrder } from '../../src/query/byte_order.js';
import { RecordReader } from '../../src/query/records.js';
import {
  mergeAll,
  playWholeHistory,
  type SimulatedDatabase,
  simulatedDatabase,
} from '../support/databases.js';
import { firstPolicy, paths } from '../support/histories/cast.js';
import { ask } from '../support/questions.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const lenses = ['recency', 'consensus', 'votes', 'authority', 'layered', 'skeptic'];

interface KnownSource {
  readonly id: RecordId;
  readonly author: AgentId;
}

const sourcesOf = ({ database }: SimulatedDatabase): readonly KnownSource[] => {
  const { store, log } = database;
  const snapshot = store.snapshot();
  try {
    const reader = new RecordReader(log, snapshot);
    return [...snapshot.ofKind(kindNumber.source)].flatMap(({ id, place }) => {
      const author = reader.content(id, place.stamp)?.agent_id;
      return author === undefined ? [] : [{ id, author }];
    });
  } finally {
    snapshot.release();
  }
};

type Results = ReadonlyMap<string, AnswerResult>;

const keyOf = (pair: { readonly concept_path: string; readonly predicate: string }): string =>
  `${pair.concept_path}\0${pair.predicate}`;

/** The answers to every pair of the history. */
const everyAnswer = async (
  { database }: SimulatedDatabase,
  lens: string,
  asOf: HlcStamp,
): Promise<Results> => {
  const results = new Map<string, AnswerResult>();
  for (const conceptPath of paths) {
    const scope = { type: 'concept', conceptPath } as const;
    const answer = await ask(database, { scope, lens, limit: 1000 }, asOf);
    for (const result of answer.results) results.set(keyOf(result), result);
  }
  return results;
};

const differences = (before: Results, after: Results): readonly Impact[] =>
  inByteOrder(new Set([...before.keys(), ...after.keys()])).flatMap((key) => {
    const [concept_path = '', predicate = ''] = key.split('\0');
    const [old, now] = [before.get(key) ?? null, after.get(key) ?? null];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    return [{ concept_path, predicate, old, new: now }];
  });

/** What impact says, in pages of a few. */
const impacts = async (
  { database }: SimulatedDatabase,
  source: RecordId,
  lens: string,
  asOf: HlcStamp,
  limit: number,
): Promise<readonly Impact[]> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const found: Impact[] = [];
  let cursor: string | undefined;
  do {
    const page = cursor === undefined ? { limit } : { limit, cursor };
    const answer = await database.impacts.impact(principal, { source, lens, asOf, ...page });
    if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
    assert.ok(answer.value.impacts.length <= limit);
    found.push(...answer.value.impacts);
    cursor = answer.value.next_cursor;
  } while (cursor !== undefined);
  return found;
};

/** Somebody who may retract it under the policy in force; undefined when nobody may. */
const entitled = (
  { database }: SimulatedDatabase,
  { author }: KnownSource,
  asOf: HlcStamp,
): AgentId | undefined => {
  const { governance, stewards } = database.policies.inForce(asOf).table;
  return governance === 'steward' ? stewards[0] : author;
};

const retraction = (source: RecordId, author: AgentId, atMs: number) => ({
  bytes: canonicalBytes({
    kind: 'supersession',
    v: 1,
    agent_id: author,
    asserted_at: atMs,
    target: source,
    action: 'retract',
    reason: 'it was made up',
  }),
  stamp: makeStamp(atMs, 0, 'ffffffffffffffff'),
  proof: 'signature' as const,
});

const told = async (seed: number, random: Seeded): Promise<SimulatedDatabase> => {
  const target = await simulatedDatabase({ startMs, identity: 1, policy: firstPolicy });
  await playWholeHistory(target, random, { length: 120, deep: seed % 4 === 0 });
  return target;
};

for (const seed of seedsOf(countOf(8, 300))) {
  test(`impact is what a retraction changes, seed ${seed}`, async () => {
    const random = seeded(seed + 3_000_000);
    const target = await told(seed, random);
    let changed = 0;
    for (const source of random.shuffled(sourcesOf(target)).slice(0, 4)) {
      // Later than everything, also than what came with a stamp from elsewhere.
      const nowMs =
        Math.max(target.clock.wallMs(), stampMs(target.database.store.visibleStamp)) + 9;
      target.clock.advance(nowMs - target.clock.wallMs());
      const asOf = endOfMs(nowMs);
      const author = entitled(target, source, asOf);
      if (author === undefined) continue;
      const said = new Map<string, readonly Impact[]>();
      const before = new Map<string, Results>();
      for (const lens of lenses) {
        said.set(lens, await impacts(target, source.id, lens, asOf, 1 + random.below(4)));
        before.set(lens, await everyAnswer(target, lens, asOf));
      }
      await mergeAll(target, [retraction(source.id, author, nowMs)]);
      for (const lens of lenses) {
        const after = await everyAnswer(target, lens, asOf);
        const expected = differences(before.get(lens) ?? new Map(), after);
        assert.deepEqual(said.get(lens), expected, `answered otherwise by impact: ${lens}`);
        changed += expected.length;
        assert.deepEqual(await impacts(target, source.id, lens, asOf, 100), []);
      }
    }
    assert.ok(changed > 0, 'no retraction changed anything');
    await target.database.close();
  });
}
