/** What a signed checkpoint in the log directory means for the next start (spec 4.3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Database } from '../../../src/bin/database.js';
import { MerkleTree } from '../../../src/log/merkle/merkle_tree.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { simulatedDatabase, submit } from '../../support/databases.js';

const startMs = Date.UTC(2026, 0, 1);
const segment = '/wal/0000000000000000.wal';
const checkpointFile = '/wal/checkpoint';

const openOn = async (disk: SimulatedDisk): Promise<Database> =>
  (await simulatedDatabase({ startMs, identity: 1, disk })).database;

const claim = (value: string | number) =>
  ({ kind: 'assertion', content: { concept_path: 'a/b', predicate: 'p', value } }) as const;

const state = async (database: Database, values: readonly (string | number)[]): Promise<void> => {
  for (const value of values) await submit(database, claim(value));
};

const noteOf = async (database: Database): Promise<string> => {
  const note = await database.proofs.checkpoint();
  assert.ok(note.ok, JSON.stringify(note));
  return note.value;
};

/** A disk with six records, of which the checkpoint covers five; stopped as by a kill. */
const killed = async (): Promise<{ readonly disk: SimulatedDisk; readonly note: string }> => {
  const disk = new SimulatedDisk();
  const database = await openOn(disk);
  await state(database, [1, 2, 3, 4]);
  const note = await noteOf(database);
  await state(database, [5]);
  disk.crash(1, 'nothing kept');
  return { disk, note };
};

/** Where each record of the segment begins. */
const recordsOf = (bytes: Buffer): readonly number[] => {
  const places: number[] = [];
  for (let at = 160; at < bytes.length; at += 32 + bytes.readUInt32BE(at + 4)) {
    if (bytes.readUInt8(at + 24) !== 0) places.push(at);
  }
  return places;
};

/** Cuts the log before a record, durably. */
const cutBefore = (disk: SimulatedDisk, sequence: number): void => {
  const bytes = disk.peek(segment);
  disk.put(segment, bytes.subarray(0, recordsOf(bytes)[sequence - 1]));
};

const assertRefused = async (disk: SimulatedDisk, says: RegExp): Promise<void> => {
  const before = disk.peek(segment);
  await assert.rejects(openOn(disk), says);
  assert.deepEqual(disk.peek(segment), before, 'a start that refuses changes nothing');
};

test('a checkpoint is durable before it is given out, and the newest is kept', async () => {
  const { disk, note } = await killed();
  assert.equal(disk.peek(checkpointFile).toString(), note);
  const database = await openOn(disk);
  const next = await noteOf(database);
  assert.match(next, /\n6\n/);
  assert.equal(disk.peek(checkpointFile).toString(), next);
  assert.equal(await noteOf(database), next);
  await database.close();
});

test('a torn tail above the checkpoint is cut, one below is damage', async () => {
  const above = (await killed()).disk;
  cutBefore(above, 6);
  const database = await openOn(above);
  assert.equal(database.log.lastSequence, 5);
  await database.close();
  for (const sequence of [1, 3, 5]) {
    const { disk } = await killed();
    cutBefore(disk, sequence);
    await assertRefused(disk, /log_corrupt: .*but records to 5 were durable/);
  }
});

test('a bad last frame below the checkpoint is damage, without it a torn tail', async () => {
  for (const withCheckpoint of [true, false]) {
    const { disk } = await killed();
    cutBefore(disk, 6);
    const bytes = disk.peek(segment);
    disk.flipBit(segment, ((recordsOf(bytes)[4] ?? 0) + 60) * 8);
    if (withCheckpoint) await assertRefused(disk, /log_corrupt: .*is bad \(CRC mismatch\)/);
    else {
      disk.take(checkpointFile);
      await (await openOn(disk)).close();
    }
  }
});

test('a log that is whole but not the one that was signed does not start', async () => {
  const { disk } = await killed();
  const other = new SimulatedDisk();
  const forged = await openOn(other);
  await state(forged, [1, 2, 'forged', 4, 5]);
  await forged.close();
  disk.put(segment, other.peek(segment));
  const records = recordsOf(disk.peek(segment));
  await assert.rejects(openOn(disk), /log_corrupt: The first 5 records are not those/);
  // The log itself was sound, so it was opened and closed in order.
  assert.deepEqual(recordsOf(disk.peek(segment)), records);
});

test('a damaged checkpoint file does not start; a removed one does', async () => {
  const { disk } = await killed();
  const bytes = disk.peek(checkpointFile);
  for (let bit = 0; bit < bytes.length * 8; bit += 97) {
    const spoilt = disk.clone();
    spoilt.flipBit(checkpointFile, bit);
    await assertRefused(
      spoilt,
      /log_corrupt: The file \/wal\/checkpoint is damaged: .* Restore it .* Only .* remove the /,
    );
  }
  disk.take(checkpointFile);
  await (await openOn(disk)).close();
});

test('a directory that cannot be written answers no checkpoint, the next one works', async () => {
  const disk = new SimulatedDisk();
  const database = await openOn(disk);
  for (const [code, says] of [
    ['ENOSPC', 'disk_full'],
    ['EIO', 'not_ready'],
  ] as const) {
    disk.hook = ({ path }) =>
      path.includes('checkpoint.new') ? { type: 'error', code } : undefined;
    const refused = await database.proofs.checkpoint();
    assert.ok(!refused.ok && refused.error.code === says);
  }
  disk.hook = undefined;
  await state(database, [1]);
  assert.match(await noteOf(database), /\n2\n/);
  await database.close();
});

test('an error that nobody expected fails one checkpoint, not those after it', async (context) => {
  const database = await openOn(new SimulatedDisk());
  const fault = new Error('nobody expected this');
  const broken = context.mock.method(MerkleTree.prototype, 'root', async () => {
    throw fault;
  });
  await assert.rejects(database.proofs.checkpoint(), fault);
  await assert.rejects(database.proofs.checkpoint(), fault);
  broken.mock.restore();
  assert.match(await noteOf(database), /\n1\n/);
  await database.close();
});

test('a tree file that cannot be read answers not_ready, and is read again later', async () => {
  const disk = new SimulatedDisk();
  const first = await openOn(disk);
  await state(
    first,
    Array.from({ length: 600 }, (_, value) => value),
  );
  await first.close();
  disk.flipBit('/db/tree', 5);
  const mended = await openOn(disk);
  assert.match(mended.report.treeRebuilt ?? '', /header is damaged/);
  await mended.close();
  const database = await openOn(disk);
  assert.equal(database.report.treeRebuilt, undefined);
  disk.hook = ({ type, path }) =>
    type === 'read' && path === '/db/tree' ? { type: 'error', code: 'EIO' } : undefined;
  const refused = await database.proofs.consistency(300);
  assert.ok(!refused.ok && refused.error.code === 'not_ready');
  disk.hook = undefined;
  assert.ok((await database.proofs.consistency(300)).ok);
  await database.close();
});

test('checkpoints asked for at once are few, each as new as its question', async () => {
  const disk = new SimulatedDisk();
  const database = await openOn(disk);
  let renames = 0;
  disk.hook = ({ type }) => {
    if (type === 'rename') renames += 1;
    return undefined;
  };
  const sizes = await Promise.all(
    Array.from({ length: 40 }, async (_, value) => {
      await state(database, [value]);
      const { sequence = 0 } = { sequence: database.log.lastSequence };
      const size = Number((await noteOf(database)).split('\n')[1]);
      return size >= sequence;
    }),
  );
  assert.ok(sizes.every((isNew) => isNew));
  assert.ok(renames < 40, `${renames} files were written`);
  await database.close();
});
