/**
 * What the engine's library refuses to read: which error a reader gets, and that the damage of one
 * entry does not keep readers from the others.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { StoreCorruption } from '../../src/store/corruption.js';
import type { Engine, Gets } from '../../src/store/engine.js';
import { overlayEngine } from '../../src/store/engine_overlay.js';
import { openStore } from '../../src/store/hybrid_store.js';
import { pairKey, stateKey } from '../../src/store/keys.js';
import { Measured } from '../../src/store/measured.js';
import { lmdbHome } from './homes.js';
import { spoilNode } from './spoilt_pages.js';

const keyOf = (number: number): Buffer => pairKey(`lab/thing-${String(number).padStart(4, '0')}`);
const first = keyOf(0);
const spoilt = keyOf(500);
const sound = keyOf(3);
const all = { gte: first, lt: keyOf(999) };

/** An engine of 1,000 entries of which one cannot be reached. */
const spoiltEngine = async (t: TestContext): Promise<Engine> => {
  const home = lmdbHome();
  const engine = home.open();
  const value = new Uint8Array(40);
  await engine.commit(
    Array.from({ length: 1000 }, (_, number) => ({ type: 'put', key: keyOf(number), value })),
  );
  await engine.close();
  assert.ok(spoilNode(home.path, spoilt) > 0);
  const opened = home.open();
  t.after(async () => {
    await opened.close();
    await home.remove();
  });
  return opened;
};

const isDamage = (error: unknown): boolean => {
  assert.ok(error instanceof StoreCorruption);
  assert.equal(error.table, 'pair');
  assert.match(error.message, /cannot be read, the store file is damaged \(MDB_/);
  assert.match(String(error.cause), /MDB_/);
  return true;
};
const isRead = (reader: Gets): void => assert.equal(reader.get(sound)?.length, 40);

test('every way to read an entry that cannot be reached is refused alike', async (t) => {
  const engine = await spoiltEngine(t);
  const ways: readonly ((reader: Gets & Pick<Engine, 'range'>) => unknown)[] = [
    (reader) => reader.get(spoilt),
    (reader) => reader.look(spoilt, (value) => value.length),
    (reader) => [...reader.range({ gte: spoilt, lt: keyOf(501) })],
    (reader) => [...reader.range({ ...all, reverse: true })],
  ];
  for (const way of ways) {
    const snapshot = engine.snapshot();
    isRead(snapshot);
    assert.equal(snapshot.isBroken, false);
    assert.throws(() => way(snapshot), isDamage);
    assert.equal(snapshot.isBroken, true);
    snapshot.release();
    assert.throws(() => way(engine), isDamage);
  }
  const snapshot = engine.snapshot();
  assert.throws(() => snapshot.visit(all, () => {}), isDamage);
  assert.equal(snapshot.isBroken, true);
  snapshot.release();
});

test('an error of who is given the entries is nobody’s damage', async (t) => {
  const engine = await spoiltEngine(t);
  const snapshot = engine.snapshot();
  const own = new Error('MDB_CORRUPTED is what I say');
  const refuse = (): never => {
    throw own;
  };
  const range = { gte: first, lt: keyOf(9) };
  assert.throws(() => snapshot.visit(range, refuse), own);
  assert.throws(() => {
    for (const _ of snapshot.range(range)) refuse();
  }, own);
  assert.throws(() => snapshot.look(sound, refuse), own);
  assert.equal(snapshot.isBroken, false);
  snapshot.release();
});

test('who reads after the damage reads what is sound, beside the broken snapshot', async (t) => {
  const engine = await spoiltEngine(t);
  for (let turn = 0; turn < 3; turn += 1) {
    const [broken, beside] = [engine.snapshot(), engine.snapshot()];
    assert.throws(() => broken.get(spoilt), isDamage);
    isRead(engine);
    assert.throws(() => engine.get(spoilt), isDamage);
    isRead(engine);
    const next = engine.snapshot();
    isRead(next);
    // What was open on the same transaction is refused, and as damage.
    assert.throws(() => beside.visit(all, () => {}), isDamage);
    assert.throws(() => [...beside.range({ gte: sound, lt: keyOf(4) })], isDamage);
    assert.equal(beside.isBroken, true);
    isRead(next);
    assert.equal(next.isBroken, false);
    for (const snapshot of [broken, beside, next]) snapshot.release();
  }
  await engine.commit([{ type: 'put', key: sound, value: new Uint8Array(40) }]);
  const keys = [...engine.range({ gte: Buffer.from([0]), lt: first })];
  assert.deepEqual(keys, []);
  assert.deepEqual([...engine.range({ gte: keyOf(999), lt: Buffer.from([0xff, 0xff]) })].length, 1);
});

test('an engine in front shares no snapshot that met damage', async (t) => {
  const engine = overlayEngine(await spoiltEngine(t));
  const [one, other] = [engine.snapshot(), engine.snapshot()];
  isRead(other);
  assert.throws(() => one.get(spoilt), isDamage);
  assert.equal(other.isBroken, true, 'they read through one transaction');
  const next = engine.snapshot();
  isRead(next);
  assert.equal(next.isBroken, false);
  isRead(engine);
  for (const snapshot of [one, other, next]) snapshot.release();
});

test('an entry that an iteration cannot reach counts as corrupt', async (t) => {
  const snapshot = (await spoiltEngine(t)).snapshot();
  const measured = new Measured(undefined);
  const iterate = (): unknown => [...measured.each('scan', snapshot.range(all))];
  assert.throws(iterate, isDamage);
  assert.equal(measured.corruptEntries, 1);
  snapshot.release();
});

test('a store whose state cannot be reached is corrupt, which its opener mends', async (t) => {
  const home = lmdbHome();
  const engine = home.open();
  await engine.commit([{ type: 'put', key: stateKey, value: new Uint8Array(40) }]);
  await engine.close();
  assert.ok(spoilNode(home.path, stateKey) > 0);
  const opened = home.open();
  t.after(async () => {
    await opened.close();
    await home.remove();
  });
  const store = await openStore(opened, { databaseId: '0'.repeat(32) });
  assert.equal(store.ok ? 'open' : store.error.code, 'store_corrupt');
});
