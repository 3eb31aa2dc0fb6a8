import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordContent } from '@stemedb/model';
import fc from 'fast-check';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { replay } from '../../src/store/replay.js';
import { entriesOf, opened } from '../conformance/store.js';
import { agents, historyArbitrary, recordOf, stampOf } from './histories.js';
import { lmdbHome } from './homes.js';
import { memoryLog } from './memory_log.js';
import { dumpOf, expectedDump } from './reference_store.js';

const numRuns = process.env.STEMEDB_SOAK === '1' ? 1_000 : 30;

test('a replay from any applied state gives the store that applying gave', () =>
  fc.assert(
    fc.asyncProperty(historyArbitrary(60), fc.nat(60), async (history, already) => {
      const applied = memoryEngine();
      await (await opened(applied)).apply(history);
      const engine = memoryEngine();
      const store = await opened(engine);
      await store.apply(history.slice(0, already));
      const count = Math.max(0, history.length - already);
      const log = memoryLog(history);
      assert.deepEqual(await replay(log, store), { ok: true, value: count });
      assert.deepEqual(entriesOf(engine), entriesOf(applied));
      assert.deepEqual(await replay(log, store), { ok: true, value: 0 });
      assert.deepEqual(entriesOf(engine), entriesOf(applied));
    }),
    { numRuns },
  ));

test('a store that was deleted comes back from the log and answers the same', async () => {
  const history = fc.sample(historyArbitrary(300), { numRuns: 1, seed: 11 })[0] ?? [];
  const expected = expectedDump(history);
  for (const home of [lmdbHome(), lmdbHome()]) {
    const store = await opened(home.open());
    const seen: number[] = [];
    const outcome = await replay(memoryLog(history), store, ({ appliedSequence }) => {
      seen.push(appliedSequence);
    });
    assert.ok(outcome.ok);
    assert.equal(seen.at(-1), history.length);
    const snapshot = store.snapshot();
    assert.deepEqual(await dumpOf(snapshot, expected), expected);
    snapshot.release();
    await store.close();
    await home.remove();
  }
});

const claim = (value: string): RecordContent =>
  ({
    kind: 'assertion',
    v: 1,
    agent_id: agents[0],
    asserted_at: 1,
    concept_path: 'a',
    predicate: 'p',
    value,
  }) as RecordContent;

const claims = (values: readonly string[]) =>
  values.map((value, index) => recordOf(claim(value), index + 1, stampOf(index + 1)));

async function codeOf(
  store: Awaited<ReturnType<typeof opened>>,
  log: ReturnType<typeof memoryLog>,
) {
  const outcome = await replay(log, store);
  return outcome.ok ? outcome.value : outcome.error.code;
}

test('a store ahead of its log means that the log has lost records', async () => {
  const store = await opened(memoryEngine());
  await store.apply(claims(['x', 'y', 'z']));
  assert.equal(await codeOf(store, memoryLog(claims(['x', 'y']))), 'log_corrupt');
});

test('a store is not continued on another log', async () => {
  const store = await opened(memoryEngine());
  await store.apply(claims(['x', 'y']));
  assert.equal(await codeOf(store, memoryLog(claims(['x', 'w', 'z']))), 'store_corrupt');
  assert.equal(store.appliedSequence, 2);
});

test('a bad frame stops the replay and leaves what came before', async () => {
  const store = await opened(memoryEngine());
  const history = claims(Array.from({ length: 30 }, (_, index) => `v${index}`));
  assert.equal(await codeOf(store, memoryLog(history, 20)), 'log_corrupt');
  assert.ok(store.appliedSequence < 20);
  assert.equal(typeof (await codeOf(store, memoryLog(history))), 'number');
  assert.equal(store.appliedSequence, 30);
});
