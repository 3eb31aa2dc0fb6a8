/**
 * What the store has to do on any engine: it is compared with a reference that keeps the list of
 * records and computes everything from it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordContent, RecordId } from '@stemedb/model';
import fc from 'fast-check';
import type { AuthorProof } from '../../src/log/log.js';
import type { Pair } from '../../src/store/candidate_loader.js';
import type { Engine } from '../../src/store/engine.js';
import { openStore } from '../../src/store/hybrid_store.js';
import type { ApplicableRecord, PairQuery, Store } from '../../src/store/store.js';
import { agents, historyArbitrary, paths, recordOf, split, stampOf } from '../store/histories.js';
import { comparePairs, dumpOf, expectedDump, expectedPairs } from '../store/reference_store.js';
import type { EngineHome } from './engine.js';

const isSoak = process.env.STEMEDB_SOAK === '1';
const databaseId = 'd'.repeat(32);
const cutsArbitrary = fc.array(fc.nat(200), { maxLength: 8 });

export async function opened(engine: Engine, id: string = databaseId): Promise<Store> {
  const store = await openStore(engine, { databaseId: id });
  assert.ok(store.ok, store.ok ? '' : store.error.detail);
  return store.value;
}

async function withStore(
  newHome: () => EngineHome,
  run: (store: Store, engine: Engine) => Promise<void>,
): Promise<void> {
  const home = newHome();
  const engine = home.open();
  const store = await opened(engine);
  try {
    await run(store, engine);
  } finally {
    await store.close();
    await home.remove();
  }
}

/** Every entry of an engine as text: two stores are the same when these are. */
export function entriesOf(engine: Pick<Engine, 'range'>): readonly string[] {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const range = { gte: Buffer.from([0]), lt: Buffer.from([0xff]) };
  return [...engine.range(range)].map(({ key, value }) => `${hex(key)}=${hex(value)}`);
}

async function applyAll(
  store: Store,
  batches: readonly (readonly ApplicableRecord[])[],
): Promise<void> {
  for (const batch of batches) await store.apply(batch);
}

const claim = (path: string, value: string, more: object = {}): RecordContent =>
  ({
    kind: 'assertion',
    v: 1,
    agent_id: agents[0],
    asserted_at: 1,
    concept_path: path,
    predicate: 'p',
    value,
    ...more,
  }) as RecordContent;

function historyTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: says what the reference says, whatever the batches`, () =>
    fc.assert(
      fc.asyncProperty(
        historyArbitrary(80),
        cutsArbitrary,
        fc.integer({ min: 0, max: 13 }),
        fc.constantFrom(0, 0xffff),
        async (history, cuts, ms, counter) => {
          await withStore(newHome, async (store) => {
            await applyAll(store, split(history, cuts));
            for (const asOf of [undefined, stampOf(ms, counter)]) {
              const expected = expectedDump(history, asOf);
              const snapshot = store.snapshot();
              assert.deepEqual(await dumpOf(snapshot, expected, asOf), expected);
              snapshot.release();
            }
          });
        },
      ),
      { numRuns: isSoak ? 2_000 : 40 },
    ));

  test(`${name}: the same log gives the same bytes after any split and any replay`, () =>
    fc.assert(
      fc.asyncProperty(
        historyArbitrary(60),
        cutsArbitrary,
        cutsArbitrary,
        fc.nat(60),
        async (history, cuts, otherCuts, back) => {
          await withStore(newHome, async (store, engine) => {
            await applyAll(store, split(history, cuts));
            await withStore(newHome, async (other, otherEngine) => {
              for (const batch of split(history, otherCuts)) {
                // Each batch comes with a tail that is applied already, as after a crash.
                const first = batch[0]?.sequence ?? 1;
                await other.apply([
                  ...history.slice(Math.max(0, first - 1 - back), first - 1),
                  ...batch,
                ]);
                await other.apply(batch);
              }
              assert.deepEqual(entriesOf(otherEngine), entriesOf(engine));
              await other.apply(history.slice(0, back));
              assert.deepEqual(entriesOf(otherEngine), entriesOf(engine));
            });
          });
        },
      ),
      { numRuns: isSoak ? 2_000 : 25 },
    ));
}

interface Frame {
  readonly ms: number;
  readonly proof: AuthorProof;
}

const frameArbitrary: fc.Arbitrary<Frame> = fc
  .tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.constantFrom<AuthorProof[]>('signature', 'credential', 'node'),
  )
  .map(([ms, proof]) => ({ ms, proof }));

function orderTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: the smallest stamp counts, in any order, and counts do not rise`, () =>
    fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([1, 2, 3, 4], { minLength: 1 }),
        cutsArbitrary,
        async (order, cuts) => {
          await withStore(newHome, async (store) => {
            const content = claim('a/b', 'x');
            const history = order.map((ms, index) => recordOf(content, index + 1, stampOf(ms)));
            await applyAll(store, split(history, cuts));
            const id = history[0]?.id as RecordId;
            const smallest = stampOf(Math.min(...order));
            assert.equal(store.place(id)?.stamp, smallest);
            const counting = order.indexOf(Math.min(...order)) + 1;
            assert.equal(store.place(id)?.sequence, counting);
            assert.equal(store.place(id)?.offset, history[counting - 1]?.offset);
            assert.equal(store.visibleStamp, stampOf(Math.max(...order)));
            const snapshot = store.snapshot();
            assert.equal(snapshot.assertionCount, 1);
            assert.equal(snapshot.recordCount, 1);
            const pair = { conceptPath: 'a/b', predicate: 'p' };
            assert.equal(snapshot.claimCount(pair), 1);
            const rows: string[] = [];
            for await (const chunk of snapshot.candidates(pair, smallest)) {
              rows.push(...chunk.map((row) => row.stamp));
            }
            assert.deepEqual(rows, [smallest]);
            snapshot.release();
          });
        },
      ),
      { numRuns: 20 },
    ));

  test(`${name}: the frame that counts is the same in either order of arrival`, () =>
    fc.assert(
      fc.asyncProperty(frameArbitrary, frameArbitrary, cutsArbitrary, async (one, two, cuts) => {
        const shown = async (frames: readonly Frame[]): Promise<Frame | undefined> => {
          let found: Frame | undefined;
          await withStore(newHome, async (store) => {
            const history = frames.map(({ ms, proof }, index) => ({
              ...recordOf(claim('a/b', 'x'), index + 1, stampOf(ms)),
              proof,
            }));
            await applyAll(store, split(history, cuts));
            const place = store.place(history[0]?.id as RecordId);
            // What a reader of the record gets is the frame at the place.
            const frame = history.find(({ sequence }) => sequence === place?.sequence);
            assert.equal(frame?.offset, place?.offset);
            assert.equal(frame?.stamp, place?.stamp);
            found = frames[(frame?.sequence ?? 0) - 1];
          });
          return found;
        };
        const inOrder = await shown([one, two]);
        assert.ok(inOrder !== undefined);
        assert.deepEqual(await shown([two, one]), inOrder);
        assert.equal(inOrder.ms, Math.min(one.ms, two.ms));
      }),
      { numRuns: 20 },
    ));
}

const isBelow = (prefix: string, path: string): boolean => {
  if (prefix === '') return true;
  if (prefix.endsWith('/')) return path.startsWith(prefix);
  return path === prefix || path.startsWith(`${prefix}/`);
};

function pairTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: pairs come in the order of a brute-force sort`, () =>
    fc.assert(
      fc.asyncProperty(
        historyArbitrary(80),
        fc.constantFrom('', 'a', 'a/', 'a/b', 'é', 'rfc:/', 'rfc://', '😀', 'none', ...paths),
        fc.option(fc.constantFrom('p', 'q', 'é'), { nil: undefined }),
        fc.option(
          fc.record({
            conceptPath: fc.constantFrom(...paths, 'a/b/b', '~'),
            predicate: fc.constantFrom('p', 'p!', 'z'),
          }),
          { nil: undefined },
        ),
        async (history, prefix, predicate, after) => {
          await withStore(newHome, async (store) => {
            await store.apply(history);
            const snapshot = store.snapshot();
            const kept = (pair: Pair): boolean =>
              (predicate === undefined || pair.predicate === predicate) &&
              (after === undefined || comparePairs(pair, after) > 0);
            const all = expectedPairs(history).filter(kept);
            const rest: Omit<PairQuery, 'scope'> = {
              ...(predicate === undefined ? {} : { predicate }),
              ...(after === undefined ? {} : { after }),
            };
            const found = (scope: PairQuery['scope']): readonly Pair[] => [
              ...snapshot.pairs({ scope, ...rest }),
            ];
            assert.deepEqual(
              found({ type: 'prefix', prefix }),
              all.filter(({ conceptPath }) => isBelow(prefix, conceptPath)),
            );
            assert.deepEqual(
              found({ type: 'concept', conceptPath: prefix }),
              all.filter(({ conceptPath }) => conceptPath === prefix),
            );
            assert.deepEqual(found({ type: 'all' }), all);
            snapshot.release();
          });
        },
      ),
      { numRuns: isSoak ? 2_000 : 40 },
    ));
}

function viewTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: a snapshot keeps its state while batches are applied`, () =>
    withStore(newHome, async (store) => {
      const records = Array.from({ length: 30 }, (_, index) =>
        recordOf(claim(index % 2 === 0 ? 'a' : 'b', `v${index}`), index + 1, stampOf(index + 1)),
      );
      await store.apply(records.slice(0, 10));
      const expected = expectedDump(records.slice(0, 10));
      const snapshot = store.snapshot();
      await store.apply(records.slice(10));
      assert.deepEqual(await dumpOf(snapshot, expected), expected);
      assert.equal(snapshot.place(records[20]?.id as RecordId), undefined);
      snapshot.release();
      assert.equal(store.place(records[20]?.id as RecordId)?.sequence, 21);
    }));

  test(`${name}: many claims of one pair come in bounded chunks, each once`, () =>
    withStore(newHome, async (store) => {
      const count = 2 * 4096;
      const records = Array.from({ length: count }, (_, index) =>
        recordOf(claim('a', `v${index % 7}`, { salt: `${index}` }), index + 1, stampOf(index + 1)),
      );
      await store.apply(records);
      const snapshot = store.snapshot();
      const pair = { conceptPath: 'a', predicate: 'p' };
      const seen: number[] = [];
      for await (const chunk of snapshot.candidates(pair, store.visibleStamp)) {
        assert.ok(chunk.length <= 4096);
        seen.push(...chunk.map((row) => row.sequence));
      }
      assert.deepEqual(
        seen.sort((a, b) => a - b),
        records.map(({ sequence }) => sequence),
      );
      snapshot.release();
    }));

  test(`${name}: knows who has attested a record`, () =>
    withStore(newHome, async (store) => {
      const target = '7f'.repeat(32) as RecordId;
      const [first, second] = agents;
      assert.ok(first !== undefined && second !== undefined);
      const content = { kind: 'attestation', v: 1, agent_id: first, target, signature: '00' };
      await store.apply([recordOf(content as RecordContent, 1, stampOf(1))]);
      assert.equal(store.isAttestedBy(target, first), true);
      assert.equal(store.isAttestedBy(target, second), false);
      assert.equal(store.isAttestedBy('00'.repeat(32) as RecordId, first), false);
    }));

  test(`${name}: a gap in the sequence throws and changes nothing`, () =>
    withStore(newHome, async (store, engine) => {
      await store.apply([recordOf(claim('a', 'x'), 1, stampOf(1))]);
      const before = entriesOf(engine);
      const third = recordOf(claim('a', 'y'), 3, stampOf(3));
      await assert.rejects(store.apply([third]), /3 was applied where 2 is next/);
      assert.deepEqual(entriesOf(engine), before);
      const second = recordOf(claim('a', 'z'), 2, stampOf(2));
      await Promise.all([store.apply([second]), store.apply([third])]);
      assert.equal(store.appliedSequence, 3);
      assert.equal(await store.checkpoint(), 3);
    }));
}

function openingTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: goes on after closing where it was`, async () => {
    const home = newHome();
    const history = fc.sample(historyArbitrary(200), { numRuns: 1, seed: 7 })[0] ?? [];
    const half = Math.floor(history.length / 2);
    const first = await opened(home.open());
    await first.apply(history.slice(0, half));
    await first.close();
    const engine = home.open();
    const second = await opened(engine);
    assert.equal(second.appliedSequence, half);
    assert.equal(second.appliedOffset, history[half - 1]?.offset ?? 0);
    await second.apply(history);
    await withStore(newHome, async (whole, wholeEngine) => {
      await whole.apply(history);
      assert.deepEqual(entriesOf(engine), entriesOf(wholeEngine));
    });
    await second.close();
    await home.remove();
  });

  test(`${name}: refuses the store of another database and of another format`, async () => {
    const home = newHome();
    const engine = home.open();
    const store = await opened(engine);
    await store.apply([recordOf(claim('a', 'x'), 1, stampOf(1))]);
    const codeOf = async (id: string): Promise<string> => {
      const outcome = await openStore(engine, { databaseId: id });
      return outcome.ok ? 'ok' : outcome.error.code;
    };
    assert.equal(await codeOf('e'.repeat(32)), 'database_mismatch');
    assert.equal(await codeOf(databaseId), 'ok');
    const state = Uint8Array.from(engine.get(Buffer.from([1])) ?? []);
    const put = async (change: (bytes: Uint8Array) => void): Promise<void> => {
      const value = Uint8Array.from(state);
      change(value);
      await engine.commit([{ type: 'put', key: Buffer.from([1]), value }]);
    };
    await put((bytes) => bytes.set([0, 99], 0));
    assert.equal(await codeOf(databaseId), 'store_format');
    await put((bytes) => bytes.set([(bytes[20] ?? 0) ^ 1], 20));
    assert.equal(await codeOf(databaseId), 'store_corrupt');
    await engine.commit([{ type: 'delete', key: Buffer.from([1]) }]);
    assert.equal(await codeOf(databaseId), 'store_corrupt');
    await store.close();
    await home.remove();
  });
}

/** Runs the whole suite; `newHome` gives an empty place each time. */
export function storeConformance(name: string, newHome: () => EngineHome): void {
  historyTests(name, newHome);
  orderTests(name, newHome);
  pairTests(name, newHome);
  viewTests(name, newHome);
  openingTests(name, newHome);
}
