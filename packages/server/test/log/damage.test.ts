/**
 * The log's part of faults 5, 6 and 11: bits that rot, sectors that vanish, files that are copied,
 * swapped or missing. Nothing damaged is ever served as if it were whole.
 */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import {
  decodeSegmentHeader,
  encodeSegmentHeader,
  segmentHeaderBytes,
  segmentName,
} from '../../src/log/format.js';
import { assertRecord, entries } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './script.js';
import { verified } from './verified.js';

const records = 400;

interface Closed {
  readonly disk: SimulatedDisk;
  /** Paths of the segments, in order. */
  readonly paths: readonly string[];
}

async function closedLog(seed: number): Promise<Closed> {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  const { log } = await world.open(disk);
  await world.runScript(log, world.newLedger(), { records, seed });
  await log.close();
  const names = (await disk.list(world.directory)).filter((name) => name.endsWith('.wal'));
  return { disk, paths: names.map((name) => `${world.directory}/${name}`) };
}

const verify = (disk: SimulatedDisk) => verified(disk, world.options);

/** Everything that still can be read is what was written; true when some of it cannot be. */
async function servesOnlyWhatIsWhole(disk: SimulatedDisk): Promise<boolean> {
  try {
    const { log } = await world.open(disk);
    for await (const chunk of log.iterate({ sequence: 1 }))
      for (const record of chunk) assertRecord(record);
    const isShort = log.lastSequence < records;
    await log.close();
    return isShort;
  } catch (error) {
    assert.match(String(error), /log_corrupt|is damaged at offset/);
    return true;
  }
}

let whole: Closed;

before(async () => {
  whole = await closedLog(1);
  assert.ok(whole.paths.length >= 8);
});

describe('rot in the log', () => {
  it('is not seen where there is none', async () => {
    const { findings, end } = await verify(whole.disk);
    assert.deepEqual(findings, []);
    const counted = { segments: end.segments, records: end.records, last: end.lastSequence };
    assert.deepEqual(counted, { segments: whole.paths.length, records, last: records });
    assert.equal(await servesOnlyWhatIsWhole(whole.disk.clone()), false);
  });

  it('is found when one bit is flipped anywhere', async () => {
    const random = new SeededRandom(5);
    for (let run = 0; run < world.runs(2000, 100_000); run += 1) {
      const disk = whole.disk.clone();
      const path = random.pick(whole.paths);
      const bit = random.below(disk.peek(path).length * 8);
      disk.flipBit(path, bit);
      const { findings } = await verify(disk);
      assert.ok(findings.length > 0, `run ${run}: bit ${bit} of ${path}`);
      if (run % 20 === 0) assert.ok(await servesOnlyWhatIsWhole(disk), `run ${run}: served`);
    }
  });

  it('is found when a sector is zeroed or written to the wrong place', async () => {
    const random = new SeededRandom(6);
    for (let run = 0; run < world.runs(200, 5000); run += 1) {
      const disk = whole.disk.clone();
      const path = random.pick(whole.paths);
      const bytes = disk.peek(path);
      const sectors = Math.floor(bytes.length / 512);
      const at = 512 * random.below(sectors);
      const from = bytes.subarray(512 * random.below(sectors)).subarray(0, 512);
      disk.damage(path, at, run % 2 === 0 ? new Uint8Array(512) : from);
      if (disk.peek(path).equals(bytes)) continue;
      const { findings } = await verify(disk);
      assert.ok(findings.length > 0, `run ${run}: byte ${at} of ${path}`);
      if (run % 4 === 0) assert.ok(await servesOnlyWhatIsWhole(disk), `run ${run}: served`);
    }
  });
});

describe('segment files in the wrong place', () => {
  it('refuses a log whose segment is missing, shortened, swapped or a copy', async () => {
    const [first = '', second = '', third = ''] = whole.paths;
    const last = whole.paths.at(-1) ?? '';
    const cases: Record<string, (disk: SimulatedDisk) => void> = {
      'first missing': (disk) => disk.take(first),
      'middle missing': (disk) => disk.take(second),
      'middle half copied': (disk) => disk.put(second, disk.peek(second).subarray(0, 5000)),
      'header lost': (disk) => disk.damage(last, 0, new Uint8Array(160)),
      'copy under a later name': (disk) =>
        disk.put(`${world.directory}/00000000ffffffff.wal`, disk.peek(third)),
    };
    for (const [title, damage] of Object.entries(cases)) {
      const disk = whole.disk.clone();
      damage(disk);
      const error = await world.openError(disk);
      assert.equal(error.code, 'log_corrupt', title);
      assert.match(error.detail, /Segment [0-9a-f]{16}\.wal is damaged at offset \d+/, title);
      assert.ok((await verify(disk)).damage.length > 0, title);
    }
  });

  it('notices sealed segments that changed places, at the latest when they are read', async () => {
    const disk = whole.disk.clone();
    const [, second = '', third = ''] = whole.paths;
    const [bytesOfSecond, bytesOfThird] = [disk.peek(second), disk.peek(third)];
    disk.put(second, bytesOfThird);
    disk.put(third, bytesOfSecond);
    assert.ok((await verify(disk)).damage.length > 0);
    assert.ok(await servesOnlyWhatIsWhole(disk));
  });

  it('notices a whole log of another database', async () => {
    const { damage } = await verified(whole.disk, {
      ...world.options,
      databaseId: 'ff'.repeat(16),
    });
    assert.equal(damage.length, whole.paths.length);
    assert.match(damage[0]?.detail ?? '', /is of another database/);
  });

  it('notices a segment of the same database from an older history', async () => {
    // The same records, so every length agrees, but written with other marks and batches.
    const other = await closedLog(2);
    let replaced = 0;
    for (const path of whole.paths) {
      const bytes = other.disk.peek(path);
      if (bytes.length === 0 || bytes.equals(whole.disk.peek(path))) continue;
      replaced += 1;
      const disk = whole.disk.clone();
      disk.put(path, bytes);
      const { findings } = await verify(disk);
      assert.ok(findings.length > 0, path);
    }
    assert.ok(replaced > 0);
  });

  it('refuses a lost last segment when the store knows better', async () => {
    const disk = whole.disk.clone();
    disk.take(whole.paths.at(-1) ?? '');
    const error = await world.openError(disk, { provenSequence: records });
    assert.equal(error.code, 'log_corrupt');
    for (const path of whole.paths) disk.take(path);
    const empty = await world.openError(disk, { provenSequence: records });
    assert.match(empty.detail, /there is no log, but records to/);
  });
});

describe('a segment that holds no more than its header', () => {
  it('tells a segment only just begun from one behind a gap', async () => {
    const begun = whole.disk.clone();
    const last = whole.paths.at(-1) ?? '';
    begun.put(last, begun.peek(last).subarray(0, 100));
    const { findings } = await verify(begun);
    assert.deepEqual(
      findings.map(({ severity }) => severity),
      ['torn_tail'],
    );
    begun.take(whole.paths.at(-2) ?? '');
    assert.equal((await verify(begun)).damage.length, 1);
  });

  it('notices a sealed segment that ends with its header', async () => {
    const disk = whole.disk.clone();
    const [first = '', second = ''] = whole.paths;
    disk.put(first, disk.peek(first).subarray(0, segmentHeaderBytes));
    const header = decodeSegmentHeader(disk.peek(second));
    assert.ok(header.type === 'header');
    // What such a segment would be followed by, were it ever written.
    const next = { ...header.header, firstOffset: segmentHeaderBytes, firstSequence: 1 };
    const bytes = { ...next, previous: undefined, newestStamp: '0'.repeat(32) };
    for (const path of whole.paths.slice(1)) disk.take(path);
    const name = segmentName(segmentHeaderBytes);
    disk.put(`${world.directory}/${name}`, encodeSegmentHeader(bytes));
    const { damage } = await verify(disk);
    assert.deepEqual(
      damage.map(({ segment, byte }) => ({ segment, byte })),
      [{ segment: name, byte: 72 }],
    );
  });
});

describe('damage in the open segment', () => {
  /** Two batches of five; the second may be followed by a mark. Returns frame offsets. */
  async function twoBatches(disk: SimulatedDisk, isMarked: boolean): Promise<readonly number[]> {
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk);
    const offsets: number[] = [];
    for (const from of [1, 6]) {
      const appended = await log.append(entries(from, 5));
      if (appended.ok) offsets.push(...appended.value.offsets);
    }
    if (isMarked) await log.mark();
    return offsets;
  }

  const path = `${world.directory}/0000000000000000.wal`;

  it('refuses to start when a later frame shows that the bad one was synced', async () => {
    for (const isMarked of [false, true]) {
      const synced = new SimulatedDisk();
      const offsets = await twoBatches(synced, isMarked);
      for (const [index, offset] of offsets.entries()) {
        if (!isMarked && index >= 5) continue;
        for (const bit of [3, 60, 130, 200, 230, 300]) {
          const disk = synced.clone();
          disk.flipBit(path, offset * 8 + bit);
          const bytes = disk.peek(path);
          const error = await world.openError(disk);
          assert.equal(error.code, 'log_corrupt');
          assert.equal(error.extra?.segment, '0000000000000000.wal');
          assert.equal(error.extra?.offset, offset);
          assert.match(error.detail, /stemedb verify.*restore a backup or an export/);
          assert.ok(disk.peek(path).equals(bytes), 'nothing was changed');
        }
      }
    }
  });

  it('cuts the same flip in a batch that nothing shows to be synced', async () => {
    const torn = new SimulatedDisk();
    const offsets = await twoBatches(torn, false);
    for (const [index, offset] of offsets.entries()) {
      if (index < 5) continue;
      const disk = torn.clone();
      disk.flipBit(path, offset * 8 + 300);
      const size = disk.peek(path).length;
      const { log, report } = await world.open(disk);
      assert.equal(log.lastSequence, index);
      assert.deepEqual(report.cut, {
        segment: '0000000000000000.wal',
        offset,
        cutBytes: size - offset,
      });
      await log.close();
    }
  });

  it('refuses to start when a mark is bad that later records stand behind', async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk);
    await log.append(entries(1, 2));
    const markAt = log.usage.bytes;
    await log.mark();
    await log.append(entries(3, 1));
    disk.flipBit(path, markAt * 8 + 70);
    const error = await world.openError(disk);
    assert.equal(error.extra?.offset, markAt);
  });

  it('refuses a write that landed on older frames', async () => {
    const disk = new SimulatedDisk();
    const offsets = await twoBatches(disk, true);
    const { log } = await world.open(disk);
    disk.hook = ({ type }) =>
      type === 'write' ? { type: 'misdirect', position: offsets[2] ?? 0 } : undefined;
    await log.append(entries(11, 3));
    disk.hook = undefined;
    const error = await world.openError(disk);
    assert.equal(error.extra?.offset, offsets[2]);
  });
});
