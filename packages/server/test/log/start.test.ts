/** Fault 11 and the rules of a start: one clear sentence for each directory that is not right. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { crc32c } from '@node-rs/crc32';
import { systemDisk } from '../../src/io/system_disk.js';
import { systemRandom } from '../../src/io/system_random.js';
import { lockDirectory } from '../../src/log/directory.js';
import { openIdentity } from '../../src/log/identity.js';
import { openLog } from '../../src/log/open_log.js';
import { appendAll, entries } from '../conformance/log.js';
import { SeededRandom } from '../simulation/seeded_random.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './script.js';

const firstPath = `${world.directory}/0000000000000000.wal`;

async function emptyDirectory(): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  return disk;
}

describe('starting on a directory', () => {
  it('refuses a newer log format, but calls a rotten version damage', async () => {
    const disk = await emptyDirectory();
    const { log } = await world.open(disk);
    await appendAll(log, 1, 5);
    await log.close();
    const header = disk.peek(firstPath).subarray(0, 160);
    header.writeUInt32BE(2, 8);
    disk.damage(firstPath, 0, header);
    assert.equal((await world.openError(disk)).code, 'log_corrupt');
    header.writeUInt32BE(crc32c(header.subarray(0, 156)), 156);
    disk.damage(firstPath, 0, header);
    const error = await world.openError(disk);
    assert.equal(error.code, 'format_too_new');
    assert.match(error.detail, /log format 2/);
  });

  it('refuses the segment of another database', async () => {
    const disk = await emptyDirectory();
    const { log } = await world.open(disk);
    await log.close();
    const error = await world.openError(disk, { databaseId: 'ff'.repeat(16) });
    assert.equal(error.code, 'database_mismatch');
    assert.match(error.detail, /belongs to database (0d){16}/);
  });

  it('names a directory that cannot be written', async () => {
    const cases = [
      ['EROFS', 'data_directory_unwritable'],
      ['EACCES', 'data_directory_unwritable'],
      ['ENOSPC', 'disk_full'],
      ['EFBIG', 'disk_full'],
      ['EIO', 'log_failed'],
    ] as const;
    for (const [code, expected] of cases) {
      const disk = await emptyDirectory();
      const { log } = await world.open(disk);
      await appendAll(log, 1, 5);
      disk.hook = ({ type }) => (type === 'create' ? { type: 'error', code } : undefined);
      const error = await world.openError(disk);
      assert.equal(error.code, expected);
      assert.match(error.detail, new RegExp(`/wal.*${code}`));
    }
  });
});

describe('starting after a stop', () => {
  it('removes what an interrupted recovery or rotation left behind', async () => {
    const disk = await emptyDirectory();
    const { log } = await world.open(disk);
    await appendAll(log, 1, 5);
    const end = log.usage.bytes;
    disk.put(`${firstPath}.copy`, Buffer.from('half a copy'));
    const next = `${world.directory}/${end.toString(16).padStart(16, '0')}.wal`;
    disk.put(next, Buffer.from('half a header'));
    const { log: second, report } = await world.open(disk);
    assert.equal(second.lastSequence, 5);
    assert.deepEqual(await disk.list(world.directory), ['0000000000000000.wal']);
    assert.equal(report.cut?.cutBytes, 13);
    await second.close();
  });

  it('reports a clean stop, and a stop that was none', async () => {
    const disk = await emptyDirectory();
    const { log, report } = await world.open(disk);
    assert.deepEqual([report.cleanStop, report.lastSequence], [true, 0]);
    await appendAll(log, 1, 5);
    await log.mark();
    const { report: afterKill } = await world.open(disk);
    assert.deepEqual([afterKill.cleanStop, afterKill.cut], [false, undefined]);
    const { log: third } = await world.open(disk);
    await third.close();
    const { report: afterClose } = await world.open(disk);
    assert.deepEqual([afterClose.cleanStop, afterClose.lastSequence], [true, 5]);
  });

  for (const end of ['is killed', 'is told that it failed'] as const) {
    it(`chains to no clean mark that was lost because its writer ${end} at the sync`, async () => {
      const disk = await emptyDirectory();
      const small = { segmentBytesMax: 1024 };
      const { log } = await world.open(disk, small);
      await appendAll(log, 1, 5);
      disk.hook = ({ type }) => {
        if (type !== 'datasync') return undefined;
        return end === 'is killed' ? { type: 'power off' } : { type: 'error', code: 'EIO' };
      };
      await log.close().catch(() => undefined);
      disk.hook = undefined;
      // The process ends, the machine does not: the page cache still shows the mark.
      const running = disk.clone();
      running.kill();
      const { log: second } = await world.open(running, small);
      await appendAll(second, 6, 5);
      running.crash(1, 'nothing kept');
      const { log: third } = await world.open(running, small);
      assert.equal(third.lastSequence, 10);
      await third.close();
    });
  }

  it('reads only the last segment', async () => {
    const disk = await emptyDirectory();
    const { log } = await world.open(disk);
    await world.runScript(log, world.newLedger(), { records: 1000, seed: 1 });
    await log.close();
    let reads = 0;
    disk.hook = ({ type, path }) => {
      if (type === 'read' && path === firstPath) reads += 1;
      return undefined;
    };
    const { log: second } = await world.open(disk);
    assert.equal(second.lastSequence, 1000);
    assert.equal(reads, 0);
    await second.close();
  });
});

describe('the identity of a node', () => {
  it('is made once and read ever after, also after a power loss', async () => {
    const disk = await emptyDirectory();
    const made = await openIdentity(disk, new SeededRandom(1), world.directory);
    assert.ok(made.ok);
    assert.match(made.value.databaseId, /^[0-9a-f]{32}$/);
    assert.match(made.value.logId, /^[0-9a-f]{32}$/);
    assert.match(made.value.nodeId, /^[0-9a-f]{16}$/);
    assert.equal(made.value.nodeKeySeed.byteLength, 32);
    disk.crash(1, 'nothing kept');
    const read = await openIdentity(disk, new SeededRandom(2), world.directory);
    assert.deepEqual(read, made);
  });

  it('is whole or not there after a power loss at any operation', async () => {
    for (let cutAt = 1; cutAt < 12; cutAt += 1) {
      for (let seed = 0; seed < 20; seed += 1) {
        const disk = await emptyDirectory();
        let calls = 0;
        disk.hook = () => {
          calls += 1;
          return calls >= cutAt ? { type: 'power off' } : undefined;
        };
        await openIdentity(disk, new SeededRandom(1), world.directory);
        disk.hook = undefined;
        disk.crash(seed, 'any');
        const read = await openIdentity(disk, new SeededRandom(2), world.directory);
        assert.ok(read.ok, `operation ${cutAt}, seed ${seed}`);
      }
    }
  });
});

describe('the damaged identity of a node', () => {
  it('is refused, and left alone', async () => {
    const disk = await emptyDirectory();
    await openIdentity(disk, new SeededRandom(1), world.directory);
    const path = `${world.directory}/identity`;
    const text = disk.peek(path).toString();
    const broken = [
      '',
      '{',
      '[]',
      '{}',
      text.replace('"version": 1', '"version": 2'),
      text.replace(/"node_id": "./, '"node_id": "g'),
      text.replace(/"log_id": "./, '"log_id": "'),
      text.slice(0, -5),
    ];
    for (const content of broken) {
      disk.put(path, Buffer.from(content));
      const read = await openIdentity(disk, new SeededRandom(2), world.directory);
      assert.equal(read.ok ? 'ok' : read.error.code, 'log_corrupt', content);
      if (!read.ok) assert.match(read.error.detail, /identity is damaged: .*backup/);
      assert.equal(disk.peek(path).toString(), content);
    }
  });

  it('is refused when any one of its bits has flipped', async () => {
    const disk = await emptyDirectory();
    const made = await openIdentity(disk, new SeededRandom(1), world.directory);
    assert.ok(made.ok);
    const path = `${world.directory}/identity`;
    for (let bit = 0; bit < disk.peek(path).length * 8; bit += 1) {
      disk.flipBit(path, bit);
      const read = await openIdentity(disk, new SeededRandom(2), world.directory);
      assert.equal(read.ok ? 'ok' : read.error.code, 'log_corrupt', `bit ${bit}`);
      disk.flipBit(path, bit);
    }
    // The first files had no checksum.
    const text = disk.peek(path).toString();
    const first = text.replace(/,\s*"checksum": "[0-9a-f]+"/, '');
    assert.notEqual(first, text);
    disk.put(path, Buffer.from(first));
    assert.deepEqual(await openIdentity(disk, new SeededRandom(2), world.directory), made);
  });

  it('is not made anew beside a log that has lost its own', async () => {
    const disk = await emptyDirectory();
    const { log } = await world.open(disk);
    await log.close();
    const opened = await openIdentity(disk, new SeededRandom(1), world.directory);
    assert.equal(opened.ok ? 'ok' : opened.error.code, 'log_corrupt');
  });
});

describe('a directory on the disk of the machine', () => {
  it('is used by one at a time and keeps its secrets to its owner', async () => {
    const parent = await mkdtemp(join(tmpdir(), 'stemedb-start-'));
    const directory = join(parent, 'a', 'wal');
    try {
      const first = await lockDirectory(systemDisk, directory);
      assert.ok(first.ok);
      const second = await lockDirectory(systemDisk, directory);
      assert.equal(second.ok ? 'ok' : second.error.code, 'data_directory_locked');
      const identity = await openIdentity(systemDisk, systemRandom, directory);
      assert.ok(identity.ok);
      assert.equal((await stat(join(directory, 'identity'))).mode & 0o777, 0o600);
      assert.equal((await stat(directory)).mode & 0o777, 0o700);
      await first.value.release();
      const third = await lockDirectory(systemDisk, directory);
      assert.ok(third.ok);
      await third.value.release();
      const behindFile = await lockDirectory(systemDisk, join(directory, 'identity', 'wal'));
      assert.equal(behindFile.ok ? 'ok' : behindFile.error.code, 'data_directory_unwritable');
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});

describe('marks', () => {
  async function onClock() {
    const disk = await emptyDirectory();
    const clock = new SimulatedClock();
    let marks = 0;
    const metrics = {
      marked: () => {
        marks += 1;
      },
    };
    const opened = await openLog(disk, clock, { ...world.options, metrics });
    if (!opened.ok) throw new Error(opened.error.detail);
    return { disk, clock, log: opened.value.log, marks: () => marks };
  }

  it('follow the last append after 100 ms of idleness, once', async () => {
    const { disk, clock, log, marks } = await onClock();
    await clock.advance(1000);
    assert.equal(marks(), 0);
    await appendAll(log, 1, 3);
    await clock.advance(60);
    await appendAll(log, 4, 3);
    await clock.advance(60);
    assert.equal(marks(), 0);
    await clock.advance(50);
    assert.equal(marks(), 1);
    await clock.advance(1000);
    assert.equal(marks(), 1);
    assert.equal(clock.timerCount, 0);
    // With the mark behind them, the records cannot be taken for a torn tail.
    disk.flipBit(firstPath, 8 * 600);
    assert.equal((await world.openError(disk)).code, 'log_corrupt');
    await log.close();
  });

  it('follow an unclean stop too, once', async () => {
    const { disk, log } = await onClock();
    await appendAll(log, 1, 3);
    disk.kill();
    const clock = new SimulatedClock();
    let marks = 0;
    const metrics = {
      marked: () => {
        marks += 1;
      },
    };
    for (const expected of [1, 0]) {
      const opened = await openLog(disk, clock, { ...world.options, metrics });
      assert.ok(opened.ok);
      await clock.advance(1000);
      assert.equal(marks, expected);
      assert.equal(clock.timerCount, 0);
      marks = 0;
      disk.kill();
    }
  });

  it('are asked for again while the disk is full', async () => {
    const { disk, clock, log, marks } = await onClock();
    await appendAll(log, 1, 3);
    disk.hook = ({ type }) => (type === 'write' ? { type: 'error', code: 'ENOSPC' } : undefined);
    await clock.advance(5000);
    assert.equal(marks(), 0);
    disk.hook = undefined;
    await clock.advance(1000);
    assert.equal(marks(), 1);
    assert.equal(clock.timerCount, 0);
    await log.close();
  });

  it('leave no timer behind a log that is closed or dead', async () => {
    const { disk, clock, log } = await onClock();
    await appendAll(log, 1, 3);
    disk.hook = ({ type }) => (type === 'datasync' ? { type: 'error', code: 'EIO' } : undefined);
    assert.equal((await log.append(entries(4, 1))).ok, false);
    assert.equal(clock.timerCount, 0);
    await log.close();
  });
});
