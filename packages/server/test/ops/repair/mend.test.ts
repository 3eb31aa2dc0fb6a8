/** A damaged log is put right from a copy of the same log, whatever was damaged and strikes. */
import assert from 'node:assert/strict';
import { basename, join } from 'node:path';
import { before, test } from 'node:test';
import { encodeIdentity } from '../../../src/log/identity.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { examine, isSound } from '../../../src/ops/repair/examine.js';
import { carryOutMend, type MendPlan, planMend } from '../../../src/ops/repair/mend.js';
import * as world from '../../log/script.js';
import { SeededRandom } from '../../simulation/seeded_random.js';
import { changingOperations, type SimulatedDisk } from '../../simulation/simulated_disk.js';
import { must } from '../directories.js';
import {
  copyOf,
  damages,
  identity,
  records,
  segmentsOf,
  type WholeLog,
  walDir,
  wholeLog,
} from './damaged_log.js';

const aside = 'set-aside-20260102-030405';
const inputOf = (disk: SimulatedDisk) => ({
  disk,
  directory: walDir,
  knownSequence: records,
  asideName: aside,
});

const planned = async (disk: SimulatedDisk, copy: LogCopy): Promise<MendPlan> => {
  const input = inputOf(disk);
  return must(await planMend(input, await examine(input), copy));
};

const mend = async (disk: SimulatedDisk, copy: LogCopy): Promise<void> => {
  must(await carryOutMend(inputOf(disk), await planned(disk, copy)));
};

let whole: WholeLog;
let copy: LogCopy;

before(async () => {
  whole = await wholeLog();
  copy = await copyOf(whole.disk.clone());
  assert.ok(whole.paths.length >= 4);
});

/** Every file is byte for byte what it was before the damage. */
const assertAsBefore = (disk: SimulatedDisk): void => {
  assert.deepEqual(segmentsOf(disk).toSorted(), whole.paths);
  for (const name of ['identity', 'checkpoint', ...whole.paths.map((path) => basename(path))]) {
    const path = join(walDir, name);
    assert.ok(disk.peek(path).equals(whole.disk.peek(path)), name);
  }
};

test('mend: brings back every byte, whatever was damaged, and keeps the damaged file', async () => {
  const random = new SeededRandom(21);
  for (let run = 0; run < world.runs(120, 5000); run += 1) {
    const kinds = Object.keys(damages);
    const kind = kinds[run % kinds.length] ?? '';
    const disk = whole.disk.clone();
    const path = random.pick(whole.paths);
    damages[kind]?.(disk, path, random);
    const damaged = disk.peek(path);
    if (damaged.equals(whole.disk.peek(path))) continue;
    const { after } = await planned(disk, copy);
    assert.ok(isSound(after), `run ${run}: ${kind} in ${path}`);
    await mend(disk, copy);
    assertAsBefore(disk);
    const kept = disk.peek(join(walDir, aside, basename(path)));
    assert.ok(kept.equals(damaged), `run ${run}: what was damaged is kept`);
  }
});

test('mend: brings back identity and checkpoint', async () => {
  for (const name of ['identity', 'checkpoint']) {
    const disk = whole.disk.clone();
    disk.flipBit(join(walDir, name), 8 * 150);
    const found = await examine(inputOf(disk));
    assert.deepEqual([...found.faults.keys()], [name]);
    assert.ok(!isSound(found));
    await mend(disk, copy);
    assertAsBefore(disk);
  }
  const disk = whole.disk.clone();
  disk.take(join(walDir, 'identity'));
  await mend(disk, copy);
  assertAsBefore(disk);
});

test('mend: takes from an older copy what it has, and the rest from the log itself', async () => {
  const older = await copyOf(whole.half);
  assert.ok(older.facts.records < records);
  const random = new SeededRandom(22);
  const counts = { mended: 0, left: 0 };
  for (let run = 0; run < world.runs(80, 2000); run += 1) {
    const disk = whole.disk.clone();
    const path = random.pick(whole.paths);
    const byte = random.below(disk.peek(path).length);
    disk.flipBit(path, 8 * byte);
    const isCopied = byte < whole.half.peek(path).length;
    const before = disk.peek(path);
    const plan = await planned(disk, older);
    // At the very end it may have been a mark, of which no record is missing.
    const isMark = plan.after.survey.tornTail !== undefined && plan.after.survey.lost.length === 0;
    const wanted = isCopied || isMark;
    assert.equal(isSound(plan.after), wanted, `run ${run}: byte ${byte} of ${path}`);
    assert.ok(disk.peek(path).equals(before), 'a plan changes nothing');
    if (!isCopied) counts.left += 1;
    else {
      counts.mended += 1;
      await mend(disk, older);
      assertAsBefore(disk);
    }
  }
  assert.ok(counts.mended > 10 && counts.left > 10, JSON.stringify(counts));
});

test('mend: may be cut off at any operation, and no log starts with less than it had', async () => {
  const damaged = whole.disk.clone();
  damages['a lost header']?.(damaged, whole.paths[1] ?? '', new SeededRandom(1));
  damaged.take(whole.paths[2] ?? '');
  damaged.flipBit(join(walDir, 'identity'), 900);
  let operations = 0;
  for (let cutAt = 1; ; cutAt += 1) {
    let isEnded = true;
    for (const loss of ['any', 'nothing kept', 'all kept'] as const) {
      const disk = damaged.clone();
      const plan = await planned(disk, copy);
      let operation = 0;
      disk.hook = ({ type }) => {
        if (changingOperations.has(type)) operation += 1;
        return operation >= cutAt ? { type: 'power off' } : undefined;
      };
      const ended = await carryOutMend(inputOf(disk), plan).catch(() => undefined);
      isEnded = ended?.ok === true;
      disk.hook = undefined;
      disk.crash(cutAt * 17, loss);
      const start = await world
        .open(disk.clone(), { provenSequence: records })
        .catch(() => undefined);
      if (start !== undefined) assert.equal(start.log.lastSequence, records);
      await mend(disk, copy);
      assertAsBefore(disk);
    }
    if (isEnded) break;
    operations += 1;
  }
  assert.ok(operations > 15, `${operations} operations`);
});

test('mend: refuses a copy of another log, and one that went on apart', async () => {
  const disk = whole.disk.clone();
  disk.flipBit(whole.paths[1] ?? '', 8 * 5000);
  const input = inputOf(disk);
  const found = await examine(input);
  const foreign = await copyOf(whole.disk, { logId: 'ab'.repeat(16) });
  const refused = await planMend(input, found, foreign);
  assert.match(refused.ok ? '' : refused.error.detail, /is of log abab.*files do not fit/);
  const apart = await copyOf((await wholeLog(12)).disk);
  const conflict = await planMend(input, found, apart);
  assert.match(conflict.ok ? '' : conflict.error.detail, /the two logs went on apart/);
});

/** Adds up what is read of each segment, in segments; opening a file of a copy fetches it whole. */
const counting = (disk: SimulatedDisk): Map<string, { opened: number; read: number }> => {
  const counts = new Map<string, { opened: number; read: number }>();
  const open = disk.open.bind(disk);
  disk.open = async (path, purpose) => {
    const file = await open(path, purpose);
    if (!path.endsWith('.wal') || purpose !== 'read') return file;
    const count = counts.get(path) ?? { opened: 0, read: 0 };
    counts.set(path, count);
    count.opened += 1;
    const read = file.read.bind(file);
    file.read = async (...words) => {
      const bytes = await read(...words);
      count.read += bytes / disk.peek(path).length;
      return bytes;
    };
    return file;
  };
  return counts;
};

test('mend: fetches of a copy what damage overlaps, once, and reads the log thrice', async () => {
  const disk = whole.disk.clone();
  const [, damaged = ''] = whole.paths;
  disk.flipBit(damaged, 8 * 5000);
  const far = whole.disk.clone();
  const from = await copyOf(far);
  const fetched = counting(far);
  const own = counting(disk);
  await mend(disk, from);
  assertAsBefore(disk);
  const last = whole.paths.at(-1) ?? '';
  const opened = [...fetched].map(([path, { opened: times }]) => [path, times]);
  assert.deepEqual(opened, [
    [damaged, 1],
    [last, 1],
  ]);
  for (const path of whole.paths) {
    // To see the damage, what a mend would make, and what it has made.
    const beside = path === damaged ? 3.5 : 2;
    const allowed = 3.1 + (path === damaged || path === last ? beside : 0);
    const read = own.get(path)?.read ?? 0;
    assert.ok(read <= allowed, `${path}: ${read}`);
  }
});

test('mend: says so when the disk does not give back what was written', async () => {
  const disk = whole.disk.clone();
  disk.flipBit(whole.paths[1] ?? '', 8 * 5000);
  const plan = await planned(disk, copy);
  disk.hook = ({ type, path }) =>
    type === 'write' && path.endsWith('.mended') ? { type: 'misdirect', position: 7 } : undefined;
  const mended = await carryOutMend(inputOf(disk), plan);
  assert.match(mended.ok ? '' : mended.error.detail, /does not read back as written/);
});

test('mend: takes no identity of another log from a copy', async () => {
  const disk = whole.disk.clone();
  disk.take(join(walDir, 'identity'));
  const other = encodeIdentity({ ...identity, logId: 'cd'.repeat(16) });
  const plan = await planned(disk, { ...copy, identity: async () => other });
  assert.deepEqual([...plan.patches.keys()], []);
  assert.ok(!isSound(plan.after));
});
