/** What is shown to be durable from beside a log, and what is not. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { DiskLock } from '../../src/io/disk.js';
import { lockDirectory } from '../../src/log/directory.js';
import { frameHeaderBytes } from '../../src/log/format.js';
import { type DurableEnd, durableEnd } from '../../src/ops/durable_end.js';
import { entries } from '../conformance/log.js';
import { directory, newLedger, open, runScript, runs, violations } from '../log/script.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { must } from './directories.js';

const locked = async (disk: SimulatedDisk): Promise<DiskLock> =>
  must(await lockDirectory(disk, directory));

interface Asked {
  readonly end: DurableEnd;
  readonly waits: number;
}

const ask = async (disk: SimulatedDisk, onSleep?: () => Promise<void>): Promise<Asked> => {
  let waits = 0;
  const sleep = async (): Promise<void> => {
    waits += 1;
    await onSleep?.();
  };
  return { end: must(await durableEnd({ disk, directory, sleep })), waits };
};

const newDisk = async (): Promise<SimulatedDisk> => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(directory);
  return disk;
};

/** The same log, cut where the copy of it would end. */
const copyOf = async (disk: SimulatedDisk, { segments }: DurableEnd): Promise<SimulatedDisk> => {
  const copy = await newDisk();
  for (const { file, bytes } of segments)
    copy.put(file.path, disk.peek(file.path).subarray(0, bytes));
  return copy;
};

it('says that an empty directory has no log', async () => {
  const { end } = await ask(await newDisk());
  assert.deepEqual(end, { segments: [], lastSequence: 0, unproven: 0 });
});

it('leaves out the last batch of a running log until something stands behind it', async () => {
  const disk = await newDisk();
  await locked(disk);
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  await log.append(entries(6, 3));
  const running = await ask(disk);
  assert.equal(running.end.lastSequence, 5);
  assert.equal(running.end.unproven, 3);
  assert.equal(running.waits, 50);
  const marked = await ask(disk, async () => void (await log.mark()));
  assert.equal(marked.end.lastSequence, 8);
  assert.equal(marked.waits, 1);
  assert.equal((await ask(disk)).waits, 0);
});

it('lacks nothing of a log that is written without a pause', async () => {
  const disk = await newDisk();
  await locked(disk);
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  let next = 6;
  const { end } = await ask(disk, async () => void (await log.append(entries(next++, 1))));
  assert.equal(end.lastSequence, 5);
  assert.equal(end.unproven, 0);
});

it('only looks, where it is told so, and says what nothing proves', async () => {
  const disk = await newDisk();
  const lock = await locked(disk);
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  await log.append(entries(6, 3));
  await lock.release();
  const touched: string[] = [];
  const only = new Set(['read', 'open', 'list', 'exists', 'size', 'close']);
  disk.hook = ({ type }) => {
    if (!only.has(type)) touched.push(type);
    return undefined;
  };
  const sleep = async (): Promise<void> => undefined;
  const asked = { disk, directory, sleep, isReadOnly: true };
  const { lastSequence, unproven } = must(await durableEnd(asked));
  assert.deepEqual([lastSequence, unproven], [5, 3]);
  const archived = must(await durableEnd({ ...asked, provenSequence: 8 }));
  assert.deepEqual([archived.lastSequence, archived.unproven], [8, 0]);
  assert.deepEqual(touched, []);
  assert.equal((await ask(disk)).end.lastSequence, 8);
  assert.notDeepEqual(touched, []);
});

it('takes what a signed checkpoint covers, and no mark behind it', async () => {
  const disk = await newDisk();
  await locked(disk);
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  await log.append(entries(6, 3));
  const path = disk.pathsIn(directory).find((name) => name.endsWith('.wal')) ?? '';
  const { length } = disk.peek(path);
  await log.mark();
  const sleep = async (): Promise<void> => undefined;
  const covered = must(await durableEnd({ disk, directory, sleep, provenSequence: 8 }));
  assert.equal(covered.lastSequence, 8);
  assert.equal(covered.segments[0]?.bytes, length);
});

it('takes all in front of a segment that was only begun, and goes on to one', async () => {
  const disk = await newDisk();
  await locked(disk);
  const { log } = await open(disk, { segmentBytesMax: 1000 });
  await log.append(entries(1, 5));
  await log.append(entries(6, 5));
  disk.hook = ({ type, bytes }) =>
    type === 'write' && bytes !== 160 ? { type: 'error', code: 'ENOSPC' } : undefined;
  await log.append(entries(11, 10));
  disk.hook = undefined;
  assert.equal((await ask(disk)).end.lastSequence, 10);
  const rotated = await newDisk();
  await locked(rotated);
  const { log: other } = await open(rotated, { segmentBytesMax: 1000 });
  await other.append(entries(1, 5));
  let asked = 0;
  const { end } = await ask(rotated, async () => {
    asked += 1;
    if (asked === 3) await other.append(entries(6, 10));
  });
  assert.equal(end.lastSequence, 5);
  assert.deepEqual(
    end.segments.map(({ isSealed }) => isSealed),
    [true, false],
  );
});

it('takes every whole frame of a log that nobody has, synced', async () => {
  const disk = await newDisk();
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  const [path = ''] = disk.pathsIn(directory);
  const whole = disk.peek(path);
  // A batch that was cut off in the middle of its second frame, and never acknowledged.
  await log.append(entries(6, 2));
  const torn = disk.peek(path).subarray(0, -7);
  disk.kill();
  const file = await disk.open(path, 'write');
  await file.truncate(torn.length);
  const { end } = await ask(disk);
  assert.equal(end.lastSequence, 6);
  assert.ok((end.segments[0]?.bytes ?? 0) > whole.length);
  disk.crash(1, 'nothing kept');
  const { log: started } = await open(disk);
  assert.equal(started.lastSequence, 6);
});

it('calls a segment sealed when the next one holds a frame, not before', async () => {
  const disk = await newDisk();
  await locked(disk);
  const { log } = await open(disk, { segmentBytesMax: 1000 });
  await log.append(entries(1, 10));
  await log.mark();
  disk.hook = ({ type, bytes }) =>
    type === 'write' && bytes !== 160 ? { type: 'error', code: 'ENOSPC' } : undefined;
  await log.append(entries(11, 10));
  assert.equal(disk.pathsIn(directory).filter((path) => path.endsWith('.wal')).length, 2);
  const begun = await ask(disk);
  assert.deepEqual(
    begun.end.segments.map(({ isSealed }) => isSealed),
    [false],
  );
  disk.hook = undefined;
  await log.append(entries(11, 10));
  const { end } = await ask(disk);
  assert.deepEqual(
    end.segments.map(({ isSealed }) => isSealed),
    [true, false],
  );
  const [sealed] = end.segments;
  assert.equal(sealed?.bytes, disk.peek(sealed?.file.path ?? '').length);
});

it('refuses a log that is damaged where it was durable', async () => {
  const disk = await newDisk();
  const { log } = await open(disk);
  await log.append(entries(1, 5));
  await log.append(entries(6, 5));
  await log.mark();
  const [path = ''] = disk.pathsIn(directory);
  disk.flipBit(path, 8 * (160 + frameHeaderBytes + 20));
  const asked = await durableEnd({ disk, directory, sleep: async () => undefined });
  assert.equal(asked.ok ? '' : asked.error.code, 'log_corrupt');
});

it('opens no segment before the one that it is asked from', async () => {
  const disk = await newDisk();
  const { log } = await open(disk, { segmentBytesMax: 2000 });
  for (let at = 0; at < 10; at += 1) await log.append(entries(1 + 5 * at, 5));
  await log.close();
  const whole = (await ask(disk)).end;
  const firstOffset = whole.segments.at(-2)?.file.firstOffset ?? 0;
  const from = { firstOffset, position: 0, nextSequence: 1 };
  disk.flipBit(whole.segments[0]?.file.path ?? '', 9);
  const sleep = async (): Promise<void> => undefined;
  const asked = must(await durableEnd({ disk, directory, sleep, from }));
  assert.deepEqual(asked, { ...whole, segments: whole.segments.slice(-2) });
});

it('never goes beyond what a power loss leaves, wherever it strikes', async () => {
  const count = runs(60, 3000);
  for (let seed = 1; seed <= count; seed += 1) {
    const random = new SeededRandom(seed);
    const disk = await newDisk();
    await locked(disk);
    const { log } = await open(disk, { segmentBytesMax: 4096 });
    const ledger = newLedger();
    let operations = 0;
    const last = 1 + random.below(250);
    disk.hook = () => {
      operations += 1;
      return operations >= last ? { type: 'power off' } : undefined;
    };
    await runScript(log, ledger, { records: 400, seed }).catch(() => undefined);
    disk.hook = undefined;
    // What the page cache has at that moment is what somebody beside the log reads.
    const seen = disk.clone();
    await locked(seen);
    const { end } = await ask(seen);
    const copy = await copyOf(seen, end);
    const lost = disk.clone();
    lost.crash(seed);
    const { log: recovered } = await open(lost);
    const message = `seed ${seed}: STEMEDB_SOAK=1 runs more`;
    assert.ok(end.lastSequence <= recovered.lastSequence, message);
    assert.ok(ledger.acknowledged - end.lastSequence <= 15, message);
    for (const { file, bytes } of end.segments) {
      const kept = lost.peek(file.path).subarray(0, bytes);
      assert.ok(kept.equals(copy.peek(file.path)), `${message}: ${file.name} is another`);
    }
    const { log: copied } = await open(copy);
    const reached = { ...ledger, acknowledged: end.lastSequence };
    assert.deepEqual(await violations(copied, reached), [], message);
  }
});
