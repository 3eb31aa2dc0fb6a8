/** A damaged log is cut in front of the damage and goes on as another, and no byte is deleted. */
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { systemRandom } from '../../../src/io/system_random.js';
import { readContinuation } from '../../../src/log/continuation.js';
import { openIdentity } from '../../../src/log/identity.js';
import { openLog } from '../../../src/log/open_log.js';
import { type CutInput, cutLog } from '../../../src/ops/repair/cut.js';
import { examine, isSound } from '../../../src/ops/repair/examine.js';
import { collect, entryOf } from '../../conformance/log.js';
import * as world from '../../log/script.js';
import { SeededRandom } from '../../simulation/seeded_random.js';
import { SimulatedClock } from '../../simulation/simulated_clock.js';
import { changingOperations, type SimulatedDisk } from '../../simulation/simulated_disk.js';
import { must } from '../directories.js';
import { damages, identity, type WholeLog, walDir, wholeLog } from './damaged_log.js';

const dbDir = '/db';
const aside = 'set-aside-20260102-030405';

const inputOf = (disk: SimulatedDisk): CutInput => ({
  disk,
  clock: new SimulatedClock(),
  random: systemRandom,
  walDir,
  dbDir,
  asideName: aside,
  removeStore: async () => {
    if (await disk.exists(`${dbDir}/store`)) await disk.remove(`${dbDir}/store`);
    await disk.syncDirectory(dbDir);
  },
  release: async () => undefined,
  freeBytesMin: 0,
  segmentBytesMax: 16 * 1024,
});

let whole: WholeLog;

before(async () => {
  whole = await wholeLog();
});

/** A damaged copy of the whole log, with a store beside it. */
const damaged = async (kind: string, path: string, random: SeededRandom) => {
  const disk = whole.disk.clone();
  await disk.makeDirectory(dbDir);
  disk.put(`${dbDir}/store`, Buffer.from('of the longer log'));
  damages[kind]?.(disk, path, random);
  return disk;
};

const keptOf = async (disk: SimulatedDisk): Promise<number> =>
  (await examine({ disk, directory: walDir, knownSequence: 0 })).survey.kept;

/** The log is another one, begins with where it comes from, and has the first `kept` records. */
const assertGoesOn = async (disk: SimulatedDisk, kept: number): Promise<void> => {
  const found = await examine({ disk, directory: walDir, knownSequence: 0 });
  assert.ok(isSound(found), [...found.faults.values()].join());
  const fresh = must(await openIdentity(disk, systemRandom, walDir));
  assert.equal(fresh.databaseId, identity.databaseId);
  assert.notEqual(fresh.logId, identity.logId);
  assert.notEqual(fresh.nodeId, identity.nodeId);
  const { databaseId, logId } = fresh;
  const directory = walDir;
  const log = must(await openLog(disk, new SimulatedClock(), { directory, databaseId, logId })).log;
  const [first, ...rest] = await collect(log.iterate({ sequence: 1 }));
  assert.equal(readContinuation(first?.bytes ?? new Uint8Array())?.kept, kept);
  assert.equal(rest.length, kept);
  for (const [index, { stamp, bytes }] of rest.entries()) {
    const expected = entryOf(index + 1);
    assert.equal(stamp, expected.stamp);
    assert.deepEqual(Buffer.from(bytes), Buffer.from(expected.bytes));
  }
  await log.close();
};

/** Every file that was there is in the directory beside the log, byte for byte. */
const assertNothingDeleted = (disk: SimulatedDisk, before: SimulatedDisk): void => {
  const names = before.pathsIn(walDir).map((path) => basename(path));
  const kept = names.filter((name) => name !== 'lock');
  assert.ok(kept.length > 3);
  for (const name of kept) {
    const bytes = disk.peek(join(walDir, aside, name));
    assert.ok(bytes.equals(before.peek(join(walDir, name))), name);
  }
};

/** All whole records behind the damage are there as lines of an export, and no other. */
const assertNamed = async (disk: SimulatedDisk, start: SimulatedDisk): Promise<number> => {
  const { survey } = await examine({ disk: start, directory: walDir, knownSequence: 0 });
  const expected = survey.later.flatMap(({ from, to }) =>
    Array.from({ length: to - from + 1 }, (_, index) => entryOf(from + index)),
  );
  const path = join(walDir, aside, 'behind-damage.jsonl');
  const text = (await disk.exists(path)) ? disk.peek(path).toString() : '';
  const lines = text.split('\n').slice(0, -1);
  assert.equal(lines.length, expected.length);
  for (const [index, { stamp, bytes }] of expected.entries()) {
    const record = `"record":${Buffer.from(bytes).toString()}`;
    assert.ok(lines[index]?.includes(record), lines[index]);
    assert.ok(lines[index]?.includes(`"stamp":"${stamp}"`), lines[index]);
  }
  return lines.length;
};

test('cut: keeps all in front of the damage, whatever the damage was', async () => {
  const random = new SeededRandom(31);
  const lengths = new Set<number>();
  let withLater = 0;
  for (let run = 0; run < world.runs(40, 2000); run += 1) {
    const kinds = Object.keys(damages);
    const disk = await damaged(kinds[run % kinds.length] ?? '', random.pick(whole.paths), random);
    const before = disk.clone();
    const kept = await keptOf(disk);
    const { restored, later } = must(await cutLog(inputOf(disk)));
    assert.equal(restored?.records, kept);
    assert.equal(await assertNamed(disk, before), later);
    if (later > 0) withLater += 1;
    lengths.add(kept);
    await assertGoesOn(disk, kept);
    assertNothingDeleted(disk, before);
    assert.deepEqual(
      disk.pathsIn(dbDir).map((path) => basename(path)),
      ['lock'],
    );
  }
  assert.ok(lengths.size > 10, `${lengths.size} different cuts`);
  assert.ok(withLater > 10, `${withLater} cuts with records behind`);
});

/** As by `mv`, one after the other. */
const moveAll = async (disk: SimulatedDisk, from: string, to: string): Promise<void> => {
  for (const name of await disk.list(from)) await disk.rename(join(from, name), join(to, name));
};

test('cut: too little room is said before a file is moved', async () => {
  const disk = await damaged('a flipped bit', whole.paths[2] ?? '', new SeededRandom(4));
  const { kept, bytes } = (await examine({ disk, directory: walDir, knownSequence: 0 })).survey;
  assert.ok(kept > 20);
  const start = disk.clone();
  disk.capacityBytes = disk.usedBytes + 1000;
  const refused = await cutLog(inputOf(disk));
  assert.equal(refused.ok ? '' : refused.error.code, 'disk_full');
  assert.match(refused.ok ? '' : refused.error.detail, /Nothing was changed\. Make room/);
  for (const directory of [walDir, dbDir]) {
    assert.deepEqual(disk.pathsIn(directory), start.pathsIn(directory));
    for (const path of start.pathsIn(directory))
      assert.ok(disk.peek(path).equals(start.peek(path)));
  }
  disk.capacityBytes = disk.usedBytes + 3 * bytes;
  must(await cutLog(inputOf(disk)));
  await assertGoesOn(disk, kept);
});

test('cut: a disk that fills meanwhile leaves a way on and a way back', async () => {
  const start = await damaged('a flipped bit', whole.paths[2] ?? '', new SeededRandom(4));
  const kept = await keptOf(start);
  for (const wayOn of ['room is made', 'undone'] as const) {
    const disk = start.clone();
    disk.hook = ({ type, path }) => {
      const isNewLog = type === 'write' && path.endsWith('.wal');
      return isNewLog ? { type: 'error', code: 'ENOSPC' } : undefined;
    };
    const failed = await cutLog(inputOf(disk));
    disk.hook = undefined;
    assert.equal(failed.ok ? '' : failed.error.code, 'disk_full');
    assert.match(failed.ok ? '' : failed.error.detail, /run "stemedb repair --cut" again: it goes/);
    assertNothingDeleted(disk, start);
    if (wayOn === 'undone') {
      await moveAll(disk, join(walDir, aside), walDir);
      for (const name of ['repairing', 'restoring']) {
        if (await disk.exists(join(walDir, name))) await disk.remove(join(walDir, name));
      }
      const identityNow = must(await openIdentity(disk, systemRandom, walDir));
      assert.equal(identityNow.logId, identity.logId);
      assert.equal(await keptOf(disk), kept);
    }
    must(await cutLog({ ...inputOf(disk), asideName: aside }));
    await assertGoesOn(disk, kept);
    assertNothingDeleted(disk, start);
  }
});

test('cut: a log whose identity is lost goes on with a new key', async () => {
  const disk = await damaged('a lost header', whole.paths[2] ?? '', new SeededRandom(1));
  disk.take(join(walDir, 'identity'));
  const kept = await keptOf(disk);
  const { restored } = must(await cutLog(inputOf(disk)));
  assert.equal(restored?.hasNodeKey, false);
  await assertGoesOn(disk, kept);
});

test('cut: whatever operation it is cut off at, no server starts, and it goes on', async () => {
  const start = await damaged('a flipped bit', whole.paths[1] ?? '', new SeededRandom(4));
  const kept = await keptOf(start);
  let [refused, ended] = [0, 0];
  for (let cutAt = 1; ended === 0; cutAt += 1) {
    for (const loss of ['any', 'nothing kept', 'all kept'] as const) {
      const disk = start.clone();
      let operation = 0;
      disk.hook = ({ type }) => {
        if (changingOperations.has(type)) operation += 1;
        return operation >= cutAt ? { type: 'power off' } : undefined;
      };
      const first = await cutLog(inputOf(disk)).catch(() => undefined);
      if (first?.ok === true) ended += 1;
      disk.hook = undefined;
      disk.crash(cutAt * 13, loss);
      const identityNow = await openIdentity(disk, systemRandom, walDir);
      const isOld = identityNow.ok && identityNow.value.logId === identity.logId;
      if (!identityNow.ok) {
        assert.match(identityNow.error.detail, /begun and not ended.*stemedb repair --cut/);
        refused += 1;
        must(await cutLog(inputOf(disk)));
      } else if (isOld) must(await cutLog(inputOf(disk)));
      await assertGoesOn(disk, kept);
      assertNothingDeleted(disk, start);
      assert.ok((await assertNamed(disk, start)) > 0);
    }
  }
  assert.ok(refused > 100, `${refused} starts were refused`);
});
