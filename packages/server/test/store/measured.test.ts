/** The operations of a store are measured, and its failures are counted, each where it happens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shardOf } from '@stemedb/model';
import type { Engine } from '../../src/store/engine.js';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { openStore } from '../../src/store/hybrid_store.js';
import { candidatePrefix, prefixEnd } from '../../src/store/keys.js';
import type { StoreOperation } from '../../src/store/measured.js';
import type { ApplicableRecord, Store } from '../../src/store/store.js';
import { agents, recordOf, stampOf } from './histories.js';

const pair = { conceptPath: 'a', predicate: 'p' };

const claims = (count: number): readonly ApplicableRecord[] =>
  Array.from({ length: count }, (_, index) =>
    recordOf(
      {
        kind: 'assertion',
        v: 1,
        agent_id: agents[0],
        asserted_at: 0,
        concept_path: pair.conceptPath,
        predicate: pair.predicate,
        value: index,
      } as never,
      index + 1,
      stampOf(index + 1),
    ),
  );

/** A store whose clock goes on by 2 ms at each look, so that an operation takes 2 ms. */
const measuredStore = async (engine: Engine) => {
  const ended: [StoreOperation, number][] = [];
  const failed: StoreOperation[] = [];
  let nowMs = 0;
  const monotonicMs = (): number => {
    nowMs += 2;
    return nowMs;
  };
  const metrics = {
    ended: (operation: StoreOperation, seconds: number) => ended.push([operation, seconds]),
    failed: (operation: StoreOperation) => failed.push(operation),
  };
  const databaseId = '0'.repeat(32);
  const opened = await openStore(engine, { databaseId, measuring: { metrics, monotonicMs } });
  assert.ok(opened.ok);
  return { store: opened.value, ended, failed };
};

const rowsOf = async (store: Store): Promise<number> => {
  const snapshot = store.snapshot();
  let count = 0;
  try {
    for await (const rows of snapshot.candidates(pair, stampOf(1_000_000))) count += rows.length;
  } finally {
    snapshot.release();
  }
  return count;
};

test('each kind of operation is measured once', async () => {
  const { store, ended, failed } = await measuredStore(memoryEngine());
  const [record, ...rest] = claims(1100);
  assert.ok(record !== undefined);
  await store.apply([record]);
  assert.deepEqual(ended.splice(0), [['apply', 0.002]]);
  await store.checkpoint();
  assert.deepEqual(ended.splice(0), [['checkpoint', 0.002]]);
  assert.equal(store.place(record.id)?.sequence, 1);
  assert.deepEqual(ended.splice(0), [['read', 0.002]]);
  await store.apply(rest);
  ended.splice(0);
  assert.equal(await rowsOf(store), 1100);
  // The entry of the pair, then two chunks.
  assert.deepEqual(
    ended.map(([operation]) => operation),
    ['read', 'scan', 'scan'],
  );
  assert.deepEqual(failed, []);
});

test('an id that is known to be free is answered from memory and not measured', async () => {
  const { store, ended } = await measuredStore(memoryEngine());
  const [record] = claims(1);
  assert.ok(record !== undefined);
  for (let asked = 0; asked < 3; asked += 1) assert.equal(store.place(record.id), undefined);
  assert.equal(ended.length, 1);
});

test('a damaged entry fails the scan that meets it, once', async () => {
  const engine = memoryEngine();
  const { store, failed } = await measuredStore(engine);
  await store.apply(claims(3));
  const gte = candidatePrefix(shardOf(pair.conceptPath), 1);
  const [row] = [...engine.range({ gte, lt: prefixEnd(gte) })];
  assert.ok(row !== undefined);
  await engine.commit([{ type: 'put', key: row.key, value: Buffer.alloc(row.value.length) }]);
  await assert.rejects(rowsOf(store));
  assert.deepEqual(failed, ['scan']);
  assert.equal(store.corruptEntries, 1);
});

test('an engine that fails is counted under what was asked of it', async () => {
  const inner = memoryEngine();
  let isBroken = false;
  const broken = (): never => {
    throw new Error('MDB_PAGE_NOTFOUND');
  };
  const engine: Engine = {
    get: (key) => (isBroken ? broken() : inner.get(key)),
    look: (key, read) => (isBroken ? broken() : inner.look(key, read)),
    range: (range) => (isBroken ? broken() : inner.range(range)),
    snapshot: () => inner.snapshot(),
    commit: async (changes) => (isBroken ? broken() : inner.commit(changes)),
    flush: async () => (isBroken ? broken() : inner.flush()),
    diskBytes: () => inner.diskBytes(),
    close: () => inner.close(),
  };
  const { store, ended, failed } = await measuredStore(engine);
  const [first, second] = claims(2);
  assert.ok(first !== undefined && second !== undefined);
  await store.apply([first]);
  ended.splice(0);
  isBroken = true;
  assert.throws(() => store.place(first.id), /MDB_PAGE_NOTFOUND/);
  await assert.rejects(store.apply([second]), /MDB_PAGE_NOTFOUND/);
  await assert.rejects(store.checkpoint(), /MDB_PAGE_NOTFOUND/);
  assert.deepEqual(failed, ['read', 'apply', 'checkpoint']);
  assert.deepEqual(
    ended.map(([operation]) => operation),
    failed,
  );
  assert.equal(store.corruptEntries, 0);
});
