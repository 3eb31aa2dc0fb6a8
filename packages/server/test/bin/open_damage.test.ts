/** Opening a database whose store or log is damaged: the store is a view and is made anew, once. */
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { defaultPolicyTable, type Outcome } from '@stemedb/model';
import { type Database, openDatabase } from '../../src/bin/database.js';
import { systemEngine } from '../../src/bin/system_effects.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { type MemoryFiles, memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import { tables } from '../../src/store/keys.js';
import { filledDirectories, openReal } from '../ops/directories.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { seededBytes, submit } from '../support/databases.js';
import { TestClock } from '../support/test_clock.js';

/** A database on a simulated disk and store files that the test may spoil between two openings. */
class Bench {
  readonly disk = new SimulatedDisk();
  files = newMemoryFiles();
  removals = 0;
  engineFault: Error | undefined;

  open(): Promise<Outcome<Database>> {
    return openDatabase(
      { walDir: '/wal', dbDir: '/db', signatures: 'optional', policy: defaultPolicyTable },
      {
        clock: new TestClock(1_700_000_000_000),
        random: seededBytes(1),
        disk: this.disk,
        openEngine: {
          open: () => {
            if (this.engineFault !== undefined) throw this.engineFault;
            return memoryEngine(this.files);
          },
          remove: async () => {
            this.removals += 1;
            this.files = newMemoryFiles();
          },
        },
        verify: sodiumVerify,
        lenses: new LensRegistry(),
      },
    );
  }

  async opened(): Promise<Database> {
    const outcome = await this.open();
    if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.detail}`);
    return outcome.value;
  }

  /** Flips a bit in every value of a table. */
  damage(tag: number): void {
    this.files.entries = this.files.entries.map(({ key, value }) => {
      if (key[0] !== tag) return { key, value };
      const flipped = Uint8Array.from(value);
      flipped[0] = (flipped[0] ?? 0) ^ 1;
      return { key, value: flipped };
    });
  }
}

const claim = (value: string) => ({
  kind: 'assertion' as const,
  content: { concept_path: 'a/b', predicate: 'p', value },
});

const fillBench = async (bench: Bench, values: readonly string[]): Promise<MemoryFiles> => {
  const database = await bench.opened();
  for (const value of values) await submit(database, claim(value));
  await database.close();
  return { entries: bench.files.entries };
};

const assertMadeAnew = async (bench: Bench, records: number): Promise<void> => {
  const database = await bench.opened();
  assert.notEqual(database.report.storeRebuilt, undefined);
  assert.equal(bench.removals, 1);
  assert.equal(database.report.replayed, records);
  assert.equal(database.store.appliedSequence, database.log.lastSequence);
  await submit(database, claim('after'));
  await database.close();
  const again = await bench.opened();
  assert.equal(again.report.storeRebuilt, undefined);
  await again.close();
};

test('a store whose policy entry is damaged is made anew', async () => {
  const bench = new Bench();
  await fillBench(bench, ['x', 'y']);
  bench.damage(tables.place);
  await assertMadeAnew(bench, 3);
});

test('a store that is damaged where the replay goes on is made anew', async () => {
  const bench = new Bench();
  const early = await fillBench(bench, ['x', 'y']);
  await fillBench(bench, ['z']);
  bench.files = early;
  bench.damage(tables.pair);
  await assertMadeAnew(bench, 4);
});

test('a store of another history of the same database is made anew', async () => {
  const other = new Bench();
  const foreign = await fillBench(other, ['x', 'v']);
  const bench = new Bench();
  await fillBench(bench, ['x', 'w']);
  bench.files = foreign;
  await assertMadeAnew(bench, 3);
});

/** A closed database without its store, and the file of a sealed segment, whole and flipped. */
const sealedSegment = async (context: TestContext) => {
  const directories = await filledDirectories(context);
  const names = (await readdir(directories.walDir)).filter((name) => name.endsWith('.wal')).sort();
  const first = names[0];
  assert.ok(first !== undefined && names.length > 2);
  const path = join(directories.walDir, first);
  const whole = await readFile(path);
  const middle = whole.length >>> 1;
  const flipped = Buffer.from(whole);
  flipped.writeUInt8(whole.readUInt8(middle) ^ 1, middle);
  await systemEngine.remove(directories.dbDir);
  return { directories, path, whole, flipped };
};

test('a flip in a sealed segment refuses to open with its sentence', async (context) => {
  const { directories, path, whole, flipped } = await sealedSegment(context);
  await writeFile(path, flipped);
  const refused = await openReal(directories);
  assert.ok(!refused.ok);
  assert.equal(refused.error.code, 'log_corrupt');
  assert.match(refused.error.detail, /^Segment 0{16}\.wal is damaged at offset \d+/);
  // Everything was given back: the mended directory opens in the same process.
  await writeFile(path, whole);
  const mended = await openReal(directories);
  assert.ok(mended.ok, JSON.stringify(mended));
  await mended.value.close();
});

test('the locks are given back when opening throws', async () => {
  const bench = new Bench();
  await fillBench(bench, ['x']);
  bench.engineFault = new Error('the engine would not open');
  await assert.rejects(bench.open(), /the engine would not open/);
  bench.engineFault = undefined;
  await (await bench.opened()).close();
});
