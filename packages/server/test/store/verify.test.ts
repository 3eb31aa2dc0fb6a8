import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { StoreCorruption } from '../../src/store/corruption.js';
import type { Change, Engine } from '../../src/store/engine.js';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { tables } from '../../src/store/keys.js';
import type { ApplicableRecord } from '../../src/store/store.js';
import { type VerifyEvent, verifyStore } from '../../src/store/verify.js';
import { opened } from '../conformance/store.js';
import { historyArbitrary, stampOf } from './histories.js';
import { memoryLog } from './memory_log.js';
import { dumpOf, expectedDump } from './reference_store.js';

const isSoak = process.env.STEMEDB_SOAK === '1';
const everything = { gte: Buffer.from([0]), lt: Buffer.from([0xff]) };

async function stored(history: readonly ApplicableRecord[]): Promise<Engine> {
  const engine = memoryEngine();
  await (await opened(engine)).apply(history);
  return engine;
}

async function eventsOf(engine: Engine, history: readonly ApplicableRecord[]) {
  const events: VerifyEvent[] = [];
  for await (const event of verifyStore(engine, memoryLog(history))) events.push(event);
  const end = events.at(-1);
  assert.ok(end?.type === 'end');
  const findings = events.filter((event) => event.type === 'finding');
  assert.equal(findings.length, end.findings);
  return { findings, end };
}

test('a store that holds its log is found whole', () =>
  fc.assert(
    fc.asyncProperty(historyArbitrary(80), fc.nat(20), async (history, notYet) => {
      const applied = history.slice(0, Math.max(0, history.length - notYet));
      const engine = await stored(applied);
      const { findings, end } = await eventsOf(engine, history);
      assert.deepEqual(findings, []);
      assert.equal(end.records, applied.length);
      assert.equal(end.entries, [...engine.range(everything)].length);
    }),
    { numRuns: isSoak ? 2_000 : 60 },
  ));

/** One fault in one entry. */
type Fault =
  | { readonly type: 'flip'; readonly bit: number }
  | { readonly type: 'flipKey'; readonly bit: number }
  | { readonly type: 'remove' }
  | { readonly type: 'cut' }
  | { readonly type: 'swap' };

const faultArbitrary: fc.Arbitrary<Fault> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('flip' as const), bit: fc.nat(4000) }) },
  fc.record({ type: fc.constant('flipKey' as const), bit: fc.nat(4000) }),
  fc.constantFrom<Fault>({ type: 'remove' }, { type: 'cut' }, { type: 'swap' }),
);

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = bit % (copy.length * 8);
  copy[at >> 3] = (copy[at >> 3] ?? 0) ^ (1 << (at & 7));
  return copy;
}

function changesOf(
  fault: Fault,
  entries: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[],
  at: number,
): readonly Change[] {
  const entry = entries[at % entries.length];
  const other = entries[(at + 1) % entries.length];
  if (entry === undefined || other === undefined) return [];
  const { key, value } = entry;
  switch (fault.type) {
    case 'flip':
      return [{ type: 'put', key, value: flipped(value, fault.bit) }];
    case 'flipKey':
      return [
        { type: 'delete', key },
        { type: 'put', key: flipped(key, fault.bit), value },
      ];
    case 'remove':
      return [{ type: 'delete', key }];
    case 'cut':
      return [{ type: 'put', key, value: value.subarray(0, value.length - 1) }];
    case 'swap':
      return [{ type: 'put', key, value: other.value }];
  }
}

test('one damaged, lost or misplaced entry is found by verification', () =>
  fc.assert(
    fc.asyncProperty(
      historyArbitrary(40).filter((history) => history.length > 0),
      faultArbitrary,
      fc.nat(10_000),
      async (history, fault, at) => {
        const engine = await stored(history);
        const entries = [...engine.range(everything)];
        await engine.commit(changesOf(fault, entries, at));
        const changed = [...engine.range(everything)];
        const isSame = JSON.stringify(changed) === JSON.stringify(entries);
        const { findings } = await eventsOf(engine, history);
        assert.equal(findings.length === 0, isSame);
      },
    ),
    { numRuns: isSoak ? 100_000 : 2_000 },
  ));

const lostRow = fc.constant({ type: 'remove' as const });

test('a damaged entry is never served: the answer is right or it is refused', () =>
  fc.assert(
    fc.asyncProperty(
      historyArbitrary(30).filter((history) => history.length > 0),
      fc.oneof(fc.record({ type: fc.constant('flip' as const), bit: fc.nat(4000) }), lostRow),
      fc.nat(10_000),
      async (history, fault, at) => {
        const engine = await stored(history);
        const expected = expectedDump(history);
        // Without its state a store is not opened; without a row a pair is not read.
        const entries = [...engine.range(everything)].filter(({ key }) =>
          fault.type === 'flip' ? key[0] !== tables.state : key[0] === tables.candidate,
        );
        if (entries.length === 0) return;
        await engine.commit(changesOf(fault, entries, at));
        const store = await opened(engine);
        try {
          const snapshot = store.snapshot();
          assert.deepEqual(await dumpOf(snapshot, expected), expected);
          assert.notEqual(fault.type, 'remove');
        } catch (error) {
          assert.ok(error instanceof StoreCorruption, String(error));
          assert.ok(store.corruptEntries > 0);
        }
      },
    ),
    { numRuns: isSoak ? 20_000 : 500 },
  ));

test('a record of the log that the store does not have is found', async () => {
  const history = fc.sample(historyArbitrary(60), { numRuns: 1, seed: 3 })[0] ?? [];
  const other = history.map((record, index) =>
    index === 4 ? { ...record, bytes: (history[5] ?? record).bytes } : record,
  );
  const engine = await stored(history);
  const { findings } = await eventsOf(engine, other);
  assert.ok(findings.length > 0);
});

test('a stamp that the log never gave is found', async () => {
  const history = fc.sample(historyArbitrary(60), { numRuns: 1, seed: 5 })[0] ?? [];
  const first = history[0];
  assert.ok(first !== undefined);
  const early = [{ ...first, stamp: stampOf(0) }, ...history.slice(1)];
  const { findings } = await eventsOf(await stored(early), history);
  assert.match(findings.map(({ detail }) => detail).join(), /which the log never gave it/);
});
