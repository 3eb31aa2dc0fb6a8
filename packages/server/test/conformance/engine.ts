/**
 * What any storage engine has to do. Whoever writes one runs this suite on it; ours run it too.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change, Engine, Range } from '../../src/store/engine.js';

/** A place for an engine's data: opened any number of times, one after the other. */
export interface EngineHome {
  open(): Engine;
  remove(): Promise<void>;
}

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');
const put = (key: Uint8Array, value: Uint8Array): Change => ({ type: 'put', key, value });
const remove = (key: Uint8Array): Change => ({ type: 'delete', key });

const all: Range = { gte: bytes(0), lt: bytes(0xff, 0xff, 0xff, 0xff, 0xff) };

function read(source: Pick<Engine, 'range'>, range: Range = all): readonly string[] {
  return [...source.range(range)].map(({ key, value }) => `${hex(key)}=${hex(value)}`);
}

async function withEngine(
  newHome: () => EngineHome,
  run: (engine: Engine, home: EngineHome) => Promise<Engine | undefined>,
): Promise<void> {
  const home = newHome();
  const engine = home.open();
  let last: Engine | undefined;
  try {
    last = await run(engine, home);
  } finally {
    await (last ?? engine).close();
    await home.remove();
  }
}

const keyArbitrary = fc.uint8Array({ minLength: 1, maxLength: 5 });
const changeArbitrary: fc.Arbitrary<Change> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(keyArbitrary, fc.uint8Array({ maxLength: 8 }))
      .map(([key, value]) => put(key, value)),
  },
  { weight: 1, arbitrary: keyArbitrary.map(remove) },
);

function basicTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: keys order bytewise, a prefix before what it begins`, () =>
    withEngine(newHome, async (engine) => {
      const keys = [
        bytes(2),
        bytes(1, 0),
        bytes(1),
        bytes(0xff),
        bytes(0x80),
        bytes(1, 0, 0),
        bytes(0x7f),
      ];
      await engine.commit(keys.map((key) => put(key, bytes(9))));
      const found = [...engine.range(all)].map(({ key }) => hex(key));
      assert.deepEqual(found, ['01', '0100', '010000', '02', '7f', '80', 'ff']);
      return undefined;
    }));

  test(`${name}: lower bounds are in, upper bounds out, both ways`, () =>
    withEngine(newHome, async (engine) => {
      await engine.commit([1, 2, 3, 4, 5].map((key) => put(bytes(key), bytes(key))));
      const range = { gte: bytes(2), lt: bytes(5) };
      assert.deepEqual(read(engine, range), ['02=02', '03=03', '04=04']);
      assert.deepEqual(read(engine, { ...range, reverse: true }), ['04=04', '03=03', '02=02']);
      assert.deepEqual(read(engine, { ...range, limit: 2 }), ['02=02', '03=03']);
      assert.deepEqual(read(engine, { ...range, reverse: true, limit: 1 }), ['04=04']);
      assert.deepEqual(read(engine, { ...range, limit: 0 }), []);
      assert.deepEqual(read(engine, { gte: bytes(4), lt: bytes(4) }), []);
      assert.deepEqual(read(engine, { gte: bytes(5), lt: bytes(2) }), []);
      return undefined;
    }));

  test(`${name}: a later change to a key in one commit wins`, () =>
    withEngine(newHome, async (engine) => {
      const key = bytes(7);
      await engine.commit([put(key, bytes(1)), put(key, bytes(2))]);
      assert.deepEqual(read(engine), ['07=02']);
      await engine.commit([put(key, bytes(3)), remove(key)]);
      assert.deepEqual(read(engine), []);
      assert.equal(engine.get(key), undefined);
      await engine.commit([remove(bytes(8))]);
      return undefined;
    }));

  test(`${name}: empty values and long keys are kept`, () =>
    withEngine(newHome, async (engine) => {
      const long = new Uint8Array(700).fill(0xab);
      const big = new Uint8Array(100_000).fill(0xcd);
      await engine.commit([put(long, new Uint8Array(0)), put(bytes(1), big)]);
      assert.equal(engine.get(long)?.length, 0);
      assert.equal(hex(engine.get(bytes(1)) ?? bytes()), hex(big));
      return undefined;
    }));

  test(`${name}: a value stays as it was read`, () =>
    withEngine(newHome, async (engine) => {
      await engine.commit([1, 2, 3].map((key) => put(bytes(key), bytes(key, key))));
      const held = [1, 2, 3].map((key) => engine.get(bytes(key)) ?? bytes());
      const scanned = [...engine.range(all)];
      await engine.commit([1, 2, 3].map((key) => put(bytes(key), bytes(0, 0))));
      for (const key of [4, 5]) engine.get(bytes(key));
      assert.deepEqual(held.map(hex), ['0101', '0202', '0303']);
      assert.deepEqual(
        scanned.map(({ value }) => hex(value)),
        ['0101', '0202', '0303'],
      );
      return undefined;
    }));
}

function snapshotTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: a commit is visible when it has resolved`, () =>
    withEngine(newHome, async (engine) => {
      for (let round = 0; round < 50; round += 1) {
        engine.get(bytes(1));
        await engine.commit([put(bytes(1), bytes(round))]);
        assert.equal(engine.get(bytes(1))?.[0], round);
        const snapshot = engine.snapshot();
        assert.equal(snapshot.get(bytes(1))?.[0], round);
        snapshot.release();
      }
      return undefined;
    }));

  test(`${name}: a snapshot sees one state whatever is committed after it`, () =>
    withEngine(newHome, async (engine) => {
      await engine.commit([put(bytes(1), bytes(1)), put(bytes(2), bytes(2))]);
      const before = engine.snapshot();
      await engine.commit([put(bytes(1), bytes(9)), remove(bytes(2)), put(bytes(3), bytes(3))]);
      const after = engine.snapshot();
      await engine.commit([remove(bytes(1))]);
      assert.deepEqual(read(before), ['01=01', '02=02']);
      assert.equal(before.get(bytes(3)), undefined);
      const visited: string[] = [];
      before.visit({ ...all, reverse: true, limit: 1 }, (key, value) => {
        assert.equal(hex(engine.get(bytes(3)) ?? bytes()), '03');
        visited.push(`${hex(key)}=${hex(value)}`);
      });
      assert.deepEqual(visited, ['02=02']);
      assert.deepEqual(read(after), ['01=09', '03=03']);
      assert.deepEqual(read(engine), ['03=03']);
      before.release();
      assert.deepEqual(read(after), ['01=09', '03=03']);
      after.release();
      return undefined;
    }));

  test(`${name}: a walk that is broken off and many snapshots leave nothing behind`, () =>
    withEngine(newHome, async (engine) => {
      for (let round = 0; round < 300; round += 1) {
        await engine.commit([put(bytes(round & 0xff, 1), bytes(round & 0xff))]);
        const snapshot = engine.snapshot();
        for (const entry of snapshot.range(all)) {
          assert.ok(entry.key.length > 0);
          break;
        }
        snapshot.release();
        snapshot.release();
      }
      return undefined;
    }));
}

function durabilityTests(name: string, newHome: () => EngineHome): void {
  test(`${name}: what was committed is there after closing and opening`, () =>
    withEngine(newHome, async (engine, home) => {
      await engine.commit([put(bytes(1), bytes(1))]);
      await engine.commit([put(bytes(2), bytes(2)), remove(bytes(1))]);
      await engine.flush();
      await engine.close();
      const reopened = home.open();
      assert.deepEqual(read(reopened), ['02=02']);
      assert.ok((await reopened.diskBytes()) > 0);
      return reopened;
    }));

  test(`${name}: random commits agree with a sorted map`, { timeout: 60_000 }, () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(changeArbitrary, { maxLength: 20 }), { maxLength: 12 }),
        fc.tuple(keyArbitrary, keyArbitrary),
        fc.integer({ min: 1, max: 5 }),
        async (commits, [gte, lt], limit) => {
          await withEngine(newHome, async (engine) => {
            const model = new Map<string, string>();
            for (const changes of commits) {
              await engine.commit(changes);
              for (const change of changes) {
                if (change.type === 'put') model.set(hex(change.key), hex(change.value));
                else model.delete(hex(change.key));
              }
            }
            const sorted = [...model].sort(([a], [b]) => (a < b ? -1 : 1));
            assert.deepEqual(
              read(engine),
              sorted.map(([key, value]) => `${key}=${value}`),
            );
            const inside = sorted.filter(([key]) => key >= hex(gte) && key < hex(lt));
            const expected = inside.map(([key, value]) => `${key}=${value}`);
            assert.deepEqual(read(engine, { gte, lt }), expected);
            assert.deepEqual(read(engine, { gte, lt, reverse: true }), [...expected].reverse());
            assert.deepEqual(read(engine, { gte, lt, limit }), expected.slice(0, limit));
            const snapshot = engine.snapshot();
            const visited: string[] = [];
            snapshot.visit({ gte, lt, limit }, (key, value) => {
              visited.push(`${hex(key)}=${hex(value)}`);
            });
            snapshot.release();
            assert.deepEqual(visited, expected.slice(0, limit));
            return undefined;
          });
        },
      ),
      { numRuns: process.env.STEMEDB_SOAK === '1' ? 2_000 : 40 },
    ),
  );
}

/** Runs the whole suite; `newHome` gives an empty place each time. */
export function engineConformance(name: string, newHome: () => EngineHome): void {
  basicTests(name, newHome);
  snapshotTests(name, newHome);
  durabilityTests(name, newHome);
}
