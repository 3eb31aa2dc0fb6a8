/** Entries that several records share: ids that begin alike, blocks of places, lists of agents. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordId } from '@stemedb/model';
import { StoreCorruption } from '../../src/store/corruption.js';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { tables } from '../../src/store/keys.js';
import type { ApplicableRecord } from '../../src/store/store.js';
import { opened } from '../conformance/store.js';
import { agents, recordOf, stampOf } from './histories.js';

const claims = (count: number): readonly ApplicableRecord[] =>
  Array.from({ length: count }, (_, index) =>
    recordOf(
      {
        kind: 'assertion',
        v: 1,
        agent_id: agents[index % 50 === 7 ? 1 : 0] ?? agents[0],
        asserted_at: 0,
        concept_path: 'a',
        predicate: 'p',
        value: index,
      } as never,
      index + 1,
      stampOf(index + 1),
    ),
  );

const like = (end: string): RecordId => `${'5a'.repeat(8)}${end.padStart(48, '0')}` as RecordId;

test('ids that begin alike are told apart, in one batch and in several', async () => {
  const history = claims(4).map((record, index) => ({ ...record, id: like(`${index}`) }));
  for (const cut of [0, 1, 2, 3, 4]) {
    const store = await opened(memoryEngine());
    assert.equal(store.place(like('0')), undefined);
    await store.apply(history.slice(0, cut));
    for (const [index, { id }] of history.entries()) {
      assert.equal(store.place(id)?.sequence, index < cut ? index + 1 : undefined);
    }
    await store.apply(history);
    for (const { id, sequence } of history) assert.equal(store.place(id)?.sequence, sequence);
    assert.equal(store.place(like('9')), undefined);
    assert.equal(store.recordCount, 4);
  }
});

test('an id entry that names a record with another beginning is not believed', async () => {
  const engine = memoryEngine();
  const [first, second] = claims(2);
  assert.ok(first !== undefined && second !== undefined);
  const store = await opened(engine);
  await store.apply([first, second]);
  const range = { gte: Buffer.from([tables.id]), lt: Buffer.from([tables.id + 1]) };
  const [one, other] = [...engine.range(range)];
  assert.ok(one !== undefined && other !== undefined);
  await engine.commit([{ type: 'put', key: one.key, value: other.value }]);
  const results = [first, second].map(({ id }) => {
    try {
      return store.place(id)?.sequence;
    } catch (error) {
      assert.ok(error instanceof StoreCorruption);
      return 'refused';
    }
  });
  assert.equal(results.filter((result) => result === 'refused').length, 1);
  assert.equal(store.corruptEntries, 1);
});

test('agents and places are found over the edges of their entries', async () => {
  const history = claims(700);
  const store = await opened(memoryEngine());
  for (let from = 0; from < history.length; from += 11) {
    await store.apply(history.slice(from, from + 11));
  }
  const snapshot = store.snapshot();
  for (const agent of agents) {
    assert.deepEqual(
      [...snapshot.ofAgent(agent)].map(({ id }) => id),
      history.filter(({ content }) => content?.agent_id === agent).map(({ id }) => id),
    );
  }
  for (const { sequence } of history) {
    assert.equal(snapshot.placeOfSequence(sequence)?.sequence, sequence);
  }
  assert.equal(snapshot.placeOfSequence(0), undefined);
  assert.equal(snapshot.placeOfSequence(701), undefined);
  snapshot.release();
});
