/**
 * The trace of a record is what the records say: over random histories of every kind, at any
 * moment, it has the nodes and edges that are restated in `support/reference/trace.ts`, the
 * states that the other calls tell, and does not depend on the order of arrival. Its bounds
 * hold, and say so.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HlcStamp, RecordId, TraceAnswer, TraceNode } from '@stemedb/model';
import { recordIdOf } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import {
  historyOf,
  mergeAll,
  playWholeHistory,
  simulatedDatabase,
  submit,
} from '../support/databases.js';
import { firstDifference } from '../support/first_difference.js';
import { firstPolicy } from '../support/histories/cast.js';
import { referenceTrace } from '../support/reference/trace.js';
import { countOf, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const tracesPerSeed = 40;

const principalOf = ({ agentId }: Database) => ({ type: 'node', agentId }) as const;

const traceIn = async (
  database: Database,
  id: RecordId,
  asOf: HlcStamp | undefined,
  bounds: { readonly depth?: number; readonly limit?: number } = {},
): Promise<TraceAnswer | undefined> => {
  const { depth = 64, limit = 1000 } = bounds;
  const moment = asOf === undefined ? {} : { asOf };
  const principal = principalOf(database);
  const trace = await database.reads.trace(principal, { id, depth, limit }, moment);
  if (trace.ok) return trace.value;
  assert.equal(trace.error.code, 'not_found', trace.error.detail);
  return undefined;
};

const recordsOf = ({ nodes }: TraceAnswer): readonly TraceNode[] =>
  nodes.filter((node): node is TraceNode => 'kind' in node);

const out: ReadonlySet<string> = new Set(['retracted', 'replaced', 'premise_out']);

/** The state of each node is what reading the record alone warns of. */
const compareStates = async (database: Database, trace: TraceAnswer): Promise<void> => {
  for (const { id, kind, state } of recordsOf(trace)) {
    if (kind !== 'assertion') continue;
    const moment = { asOf: trace.as_of_stamp };
    const stated = await database.query.record(principalOf(database), id, moment);
    assert.ok(stated.ok);
    const codes = (stated.value.warnings ?? []).map(({ code }) => code);
    assert.equal(out.has(state), codes.includes('retracted'), `answered otherwise of ${id}`);
    if (out.has(state)) continue;
    const isOfOldEpoch = codes.includes('epoch_superseded');
    assert.equal(state === 'epoch_superseded', isOfOldEpoch, `answered otherwise of ${id}`);
  }
};

for (const seed of seedsOf(countOf(2, 300))) {
  test(`a trace is what the records say, seed ${seed}`, async () => {
    const random = seeded(seed + 9_000_000);
    const origin = await simulatedDatabase({ startMs, identity: 1, policy: firstPolicy });
    const options = { length: 120, deep: seed % 2 === 0 };
    const merged = await playWholeHistory(origin, random, options);
    const records = [...(await historyOf(origin)), ...merged];
    const shuffled = await simulatedDatabase({ startMs: startMs + 1e9, identity: 2 });
    await mergeAll(shuffled, random.shuffled(records));
    const stamps = records.map(({ stamp }) => stamp).sort();
    for (let count = 0; count < tracesPerSeed; count += 1) {
      const id = recordIdOf(random.pick(records).bytes);
      const asOf = random.chance(0.5) ? (stamps.at(-1) as HlcStamp) : random.pick(stamps);
      const depth = random.pick([1, 2, 3, 64]);
      const trace = await traceIn(origin.database, id, asOf, { depth });
      const where = `of ${id} as of ${asOf}, ${depth} steps`;
      const there = await traceIn(shuffled.database, id, asOf, { depth });
      const [one, other] = [JSON.stringify(trace ?? null), JSON.stringify(there ?? null)];
      const difference = one === other ? '' : firstDifference(other, one);
      assert.ok(one === other, `answered otherwise ${where}: ${difference}`);
      if (trace === undefined) continue;
      const expected = referenceTrace(records, asOf, id, depth);
      const nodes = trace.nodes.map((node) => ('id' in node ? node.id : '')).sort();
      const edges = trace.edges.map(({ from, to, type }) => `${from} ${type} ${to}`).sort();
      assert.deepEqual(nodes, expected.nodes, `answered otherwise ${where}`);
      assert.deepEqual(edges, expected.edges, `answered otherwise ${where}`);
      assert.equal(trace.truncated ?? false, expected.cut, `answered otherwise ${where}`);
      await compareStates(origin.database, trace);
      const limit = 1 + random.below(expected.nodes.length + 2);
      const bounded = await traceIn(origin.database, id, asOf, { depth, limit });
      assert.ok(bounded !== undefined && bounded.nodes.length <= limit);
      const isWhole = bounded.nodes.length === expected.nodes.length;
      assert.equal(bounded.truncated ?? false, !isWhole || expected.cut, `bounded ${where}`);
    }
    await origin.database.close();
    await shuffled.database.close();
  });
}

test('long chains, wide fans and meshes end at their bounds', async () => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  const claim = (value: number, premises: readonly string[]): Promise<string> => {
    const cited = premises.length === 0 ? {} : { derived_from: premises };
    const stated = { concept_path: 'lab', predicate: 'n', value, asserted_at: startMs };
    return submit(database, { kind: 'assertion', content: { ...stated, ...cited } });
  };
  const chain = [await claim(0, [])];
  for (let at = 1; at < 150; at += 1) chain.push(await claim(at, [chain[at - 1] ?? '']));
  const middle = chain[75] as RecordId;
  const deep = await traceIn(database, middle, undefined);
  assert.ok(deep !== undefined);
  assert.equal(deep.nodes.length, 129);
  const cut = recordsOf(deep).filter(({ truncated }) => truncated);
  assert.deepEqual(
    cut.map(({ id }) => id),
    [chain[75 - 64], chain[75 + 64]],
  );
  const root = (await claim(1000, [])) as RecordId;
  await Promise.all(Array.from({ length: 1200 }, (_, at) => claim(2000 + at, [root])));
  const wide = await traceIn(database, root, undefined);
  assert.equal(wide?.nodes.length, 1000);
  assert.equal(wide.truncated, true);
  assert.equal(recordsOf(wide)[0]?.truncated, true);
  // A mesh of 12 layers of 5 has 5^12 paths and 60 records.
  let layer: readonly string[] = [];
  for (let at = 0; at < 12; at += 1) {
    const below = layer;
    layer = await Promise.all([0, 1, 2, 3, 4].map((n) => claim(9000 + at * 10 + n, below)));
  }
  const mesh = await traceIn(database, layer[0] as RecordId, undefined);
  assert.equal(mesh?.nodes.length, 56);
  assert.equal(mesh.truncated, undefined);
  await database.close();
});
