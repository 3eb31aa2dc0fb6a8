import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Engine } from '../../src/store/engine.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine-memory.js';
import { overlayEngine } from '../../src/store/engine-overlay.js';

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
