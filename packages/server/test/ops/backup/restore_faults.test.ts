/**
 * A restore that is killed, or whose disk fails, at each of its operations. After it there is a
 * finished restore, or what a start refuses in one sentence and a second restore starts over, or
 * nothing; never a part that is taken for a database.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Outcome } from '@stemedb/model';
import { lockFileName } from '../../../src/log/directory.js';
import { openIdentity } from '../../../src/log/identity.js';
import type { LogRecord } from '../../../src/log/log.js';
import { unfinishedMarkerName } from '../../../src/log/restoring_file.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { laterFileNames } from '../../../src/ops/repair/later_file.js';
import type { RestoredLog } from '../../../src/ops/restore_copy.js';
import {
  changingOperations,
  type Fault,
  type Operation,
  SimulatedDisk,
} from '../../simulation/simulated_disk.js';
import type { Loss } from '../../simulation/simulated_inode.js';
import { historyOf, seededBytes, simulatedDatabase, submit } from '../../support/databases.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { signedClaim } from '../directories.js';
import { assertFollows, backUp, backupClock, copyNamed, tryRestore } from './backups.js';

const directories = { walDir: '/wal', dbDir: '/db' };

let copy: LogCopy;
let records: readonly LogRecord[];

before(async () => {
  const disk = new SimulatedDisk();
  const origin = await simulatedDatabase({ startMs: 1_790_000_000_000, identity: 1, disk });
  for (let claim = 0; claim < 60; claim += 1) {
    origin.clock.advance(1);
    await submit(origin.database, signedClaim(claim));
  }
  records = await historyOf(origin);
  await origin.database.close();
  await disk.makeDirectory('/wal/admin');
  const file = await disk.open('/wal/admin/keys.log', 'create');
  await file.write(Buffer.from('who may do what'), 0);
  await file.close();
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { disk, walDir: '/wal' });
  copy = await copyNamed(store, name);
});

/** Room for one restore and no more: what a cut off one has left must not stand in the way. */
const newDisk = (): SimulatedDisk => new SimulatedDisk({ capacityBytes: 2 * copy.bytes + 4096 });

const restore = (disk: SimulatedDisk): Promise<Outcome<RestoredLog>> =>
  tryRestore(copy, directories, { disk });

type Counts = (operation: Operation) => boolean;
const changes: Counts = ({ type }) => changingOperations.has(type);
const reads: Counts = ({ type }) => type === 'read' || type === 'open' || type === 'list';

/** Operations of this sort that a whole restore does. */
const operationsOf = async (counts: Counts): Promise<number> => {
  const disk = newDisk();
  let count = 0;
  disk.hook = (operation) => {
    if (counts(operation)) count += 1;
    return undefined;
  };
  assert.ok((await restore(disk)).ok);
  return count;
};

/** A restore that meets this fault at its n-th operation; undefined when it was cut off. */
const restoreWith = async (
  disk: SimulatedDisk,
  at: number,
  counts: Counts,
  fault: Fault,
): Promise<Outcome<RestoredLog> | undefined> => {
  let count = 0;
  disk.hook = (operation) => {
    if (counts(operation)) count += 1;
    return count === at && counts(operation) ? fault : undefined;
  };
  const restored = await restore(disk).catch(() => undefined);
  disk.hook = undefined;
  return restored;
};

/** What is in the log directory beside what no restore is to blame for. */
const leftOn = async (disk: SimulatedDisk): Promise<readonly string[]> => {
  const names = (await disk.exists('/wal')) ? await disk.list('/wal') : [];
  return names.filter((name) => name !== lockFileName && name !== unfinishedMarkerName);
};

/** A database that a start would open must be whole; anything else must be restorable. */
const assertWholeOrAgain = async (disk: SimulatedDisk, where: string): Promise<string> => {
  const left = await leftOn(disk);
  if (left.includes('identity')) {
    await assertFollows(records, '/wal', disk);
    return 'finished';
  }
  if (left.length > 0) {
    const start = await openIdentity(disk, seededBytes(7), '/wal');
    assert.ok(!start.ok && /stemedb restore/.test(start.error.detail), `${where}: ${left.join()}`);
  }
  const again = await restore(disk);
  assert.ok(again.ok, `${where}: ${left.join()}: ${JSON.stringify(again)}`);
  await assertFollows(records, '/wal', disk);
  return left.length > 0 ? 'refused' : 'empty';
};

test('killed, or without power, after each operation', async (t) => {
  const operations = await operationsOf(changes);
  const ends = new Map<string, number>();
  const losses: readonly Loss[] = ['nothing kept', 'all kept', 'any'];
  for (let at = 1; at <= operations + 1; at += 1) {
    for (const [index, loss] of losses.entries()) {
      const disk = newDisk();
      await restoreWith(disk, at, changes, { type: 'power off' });
      disk.crash(at * 10 + index, loss);
      const end = await assertWholeOrAgain(disk, `operation ${at}, ${loss}`);
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
  }
  t.diagnostic([...ends].map(([end, count]) => `${end} ${count}`).join(', '));
  for (const end of ['finished', 'refused', 'empty']) assert.ok(ends.has(end), end);
});

test('one that begins where a salvage was cut off leaves nothing of that', async () => {
  const disk = newDisk();
  const written = laterFileNames.map((name) => join('/wal', name));
  const beside = {
    bytes: 0,
    write: async () => {
      for (const path of written) await (await disk.open(path, 'create')).close();
      disk.hook = () => ({ type: 'power off' });
    },
  };
  await tryRestore(copy, directories, { disk, beside }).catch(() => undefined);
  disk.hook = undefined;
  disk.crash(1, 'all kept');
  assert.deepEqual(
    (await disk.list('/wal')).filter((name) => laterFileNames.includes(name)),
    laterFileNames,
  );
  await assertWholeOrAgain(disk, 'in the file beside');
  const left = await disk.list('/wal');
  assert.ok(!laterFileNames.some((name) => left.includes(name)), left.join());
});

const failures: readonly (readonly [string, Counts])[] = [
  ['EIO', changes],
  ['ENOSPC', changes],
  ['EIO', reads],
];

for (const [code, counts] of failures) {
  test(`${code} at each operation that ${counts === reads ? 'reads' : 'writes'}`, async () => {
    const operations = await operationsOf(counts);
    for (let at = 1; at <= operations; at += 1) {
      const disk = newDisk();
      const restored = await restoreWith(disk, at, counts, { type: 'error', code });
      assert.ok(restored !== undefined, `operation ${at} ended the restore by an exception`);
      const left = await leftOn(disk);
      if (restored.ok) await assertFollows(records, '/wal', disk);
      else assert.ok(!left.includes('identity'), `operation ${at}: ${left.join()}`);
      assert.ok(!(await disk.list('/wal')).includes(unfinishedMarkerName), `operation ${at}`);
      if (!restored.ok) await assertWholeOrAgain(disk, `operation ${at}`);
    }
  });
}

test('short writes are made good', async () => {
  const isWrite: Counts = ({ type }) => type === 'write';
  const operations = await operationsOf(isWrite);
  for (let at = 1; at <= operations; at += 1) {
    const disk = newDisk();
    const restored = await restoreWith(disk, at, isWrite, { type: 'short', bytes: 5 });
    assert.ok(restored?.ok, `write ${at}`);
    await assertFollows(records, '/wal', disk);
  }
});
