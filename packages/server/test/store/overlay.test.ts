import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change, Engine, EngineSnapshot } from '../../src/store/engine.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import { overlayEngine } from '../../src/store/engine_overlay.js';

const put = (key: number): Change => ({
  type: 'put',
  key: Uint8Array.of(key),
  value: Uint8Array.of(key),
});
const keysOf = (engine: Pick<Engine, 'range'>): readonly number[] =>
  [...engine.range({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })].map(
    ({ key }) => key[0] ?? 0,
  );

test('what the engine behind refuses stays visible and is handed on later', async () => {
  const files = newMemoryFiles();
  let isFull = true;
  const behind = memoryEngine(files);
  const commit = behind.commit.bind(behind);
  behind.commit = (changes) => (isFull ? Promise.reject(new Error('no space')) : commit(changes));
  const engine = overlayEngine(behind, { handOverChanges: 2, heldChangesMax: 4 });
  for (const key of [1, 2, 3, 4]) await engine.commit([put(key)]);
  await assert.rejects(engine.commit([put(5)]), /no space/);
  await assert.rejects(engine.flush(), /no space/);
  assert.deepEqual(keysOf(engine), [1, 2, 3, 4]);
  assert.deepEqual(keysOf(memoryEngine(files)), []);
  isFull = false;
  await engine.commit([put(5)]);
  await engine.flush();
  assert.deepEqual(keysOf(memoryEngine(files)), [1, 2, 3, 4, 5]);
});

test('the engine behind holds whole commits in their order at every moment', async () => {
  const files = newMemoryFiles();
  const behind = memoryEngine(files);
  const commit = behind.commit.bind(behind);
  behind.commit = async (changes) => {
    await new Promise((resolve) => setImmediate(resolve));
    await commit(changes);
    const keys = keysOf(memoryEngine(files));
    assert.equal(keys.length % 2, 0);
    assert.deepEqual(
      keys,
      Array.from(keys, (_, index) => index + 1),
    );
  };
  const engine = overlayEngine(behind, { handOverChanges: 3, heldChangesMax: 20 });
  for (let key = 1; key < 200; key += 2) {
    await engine.commit([put(key), put(key + 1)]);
    if (key % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(keysOf(engine).length, key + 1);
  }
  await engine.close();
  assert.equal(keysOf(memoryEngine(files)).length, 200);
});

test('a flush waits for what was committed before it, and for nothing later', async () => {
  const files = newMemoryFiles();
  const behind = memoryEngine(files);
  const commit = behind.commit.bind(behind);
  let batches = 0;
  behind.commit = async (changes) => {
    batches += 1;
    // Somebody always writes while a batch is on its way.
    if (batches < 20) await engine.commit([put(3 + batches)]);
    await commit(changes);
  };
  const engine = overlayEngine(behind, { handOverChanges: 100 });
  for (const first of [1, 2, 3]) await engine.commit([put(first)]);
  await engine.flush();
  assert.equal(batches, 1);
  assert.deepEqual(keysOf(memoryEngine(files)), [1, 2, 3]);
  assert.deepEqual(keysOf(engine), [1, 2, 3, 4]);
});

/** An engine whose batches take a while, as those of a disk do. */
function slow(): Engine {
  const engine = memoryEngine();
  const commit = engine.commit.bind(engine);
  engine.commit = async (changes) => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await commit(changes);
  };
  return engine;
}

const stepArbitrary = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('commit' as const),
      changes: fc.array(fc.tuple(fc.nat(9), fc.option(fc.nat(255))), { maxLength: 4 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('open' as const) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('close' as const), at: fc.nat(9) }) },
  fc.record({ type: fc.constant('turn' as const) }),
);

test('every reader sees the state it was opened at, whatever is committed and handed on', () =>
  fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { maxLength: 60 }), async (steps) => {
      const engine = overlayEngine(slow(), { handOverChanges: 4, heldChangesMax: 12 });
      const readers: { expected: Map<number, number>; snapshot: EngineSnapshot }[] = [];
      const state = new Map<number, number>();
      const check = (): void => {
        for (const { expected, snapshot } of readers) {
          const inOrder = [...expected].sort(([a], [b]) => a - b);
          const range = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) };
          const seen = [...snapshot.range(range)].map(({ key, value }) => [key[0], value[0]]);
          assert.deepEqual(seen, inOrder);
          for (let key = 0; key < 10; key += 1) {
            assert.equal(snapshot.get(Uint8Array.of(key))?.[0], expected.get(key));
          }
        }
      };
      for (const step of steps) {
        if (step.type === 'commit') {
          for (const [key, value] of step.changes) {
            if (value === null) state.delete(key);
            else state.set(key, value);
          }
          await engine.commit(
            step.changes.map(([key, value]) =>
              value === null
                ? { type: 'delete', key: Uint8Array.of(key) }
                : { type: 'put', key: Uint8Array.of(key), value: Uint8Array.of(value) },
            ),
          );
        } else if (step.type === 'open') {
          readers.push({ expected: new Map(state), snapshot: engine.snapshot() });
        } else if (step.type === 'close') {
          readers.splice(step.at, 1)[0]?.snapshot.release();
        } else {
          await new Promise((resolve) => setImmediate(resolve));
        }
        check();
      }
      for (const { snapshot } of readers) snapshot.release();
      await engine.close();
    }),
    { numRuns: process.env.STEMEDB_SOAK === '1' ? 20_000 : 400 },
  ));
