/**
 * Power loss after every I/O operation of a database that writes, gives out checkpoints and
 * flushes its tree, through restarts. What was signed holds for ever; the tree after the start is
 * that of the log.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changingOperations, SimulatedDisk } from '../../simulation/simulated_disk.js';
import type { Loss } from '../../simulation/simulated_inode.js';
import { simulatedDatabase } from '../../support/databases.js';
import { seedsOf } from '../../support/seeded.js';
import { leavesOf } from './logs.js';
import { ReferenceRoots, sigstoreCheckpoint } from './others.js';

const startMs = Date.UTC(2026, 0, 1);
const batches = 8;
const batchRecords = 90;

interface Moment {
  readonly operation: number;
  readonly disk: SimulatedDisk;
  /** Checkpoints that somebody has. */
  readonly notes: readonly string[];
}

const claims = (batch: number) =>
  Array.from({ length: batchRecords }, (_, index) => ({
    kind: 'assertion' as const,
    content: { concept_path: 'a/b', predicate: 'p', value: batch * batchRecords + index },
  }));

/** Runs the script and keeps the world after each operation that changes the disk. */
const momentsOf = async (): Promise<{
  readonly moments: readonly Moment[];
  readonly vkey: string;
}> => {
  const disk = new SimulatedDisk();
  const moments: Moment[] = [];
  const notes: string[] = [];
  const keep = (): void =>
    void moments.push({ operation: moments.length, disk: disk.clone(), notes: [...notes] });
  disk.hook = ({ type }) => {
    if (changingOperations.has(type)) keep();
    return undefined;
  };
  let vkey = '';
  for (let batch = 0; batch < batches; batch += 2) {
    // Each end in order flushes the tree.
    const { database } = await simulatedDatabase({ startMs, identity: 1, disk });
    const principal = { type: 'node', agentId: database.agentId } as const;
    for (const number of [batch, batch + 1]) {
      const outcomes = await database.ingest.submitAll(principal, claims(number));
      assert.ok(outcomes.every(({ ok }) => ok));
      const note = await database.proofs.checkpoint();
      assert.ok(note.ok);
      notes.push(note.value);
    }
    vkey = database.proofs.vkey;
    await database.close();
  }
  keep();
  return { moments, vkey };
};

const sizeOf = (note: string): number => Number(note.split('\n')[1]);

const check = async (moment: Moment, vkey: string, seed: number, loss: Loss): Promise<void> => {
  const name = `operation ${moment.operation}, seed ${seed}, ${loss}`;
  const disk = moment.disk.clone();
  disk.crash(seed, loss);
  // Cut off before the identity was there: another node would begin here.
  if (!(await disk.exists('/wal/identity'))) return assert.deepEqual(moment.notes, []);
  const newest = moment.notes.at(-1);
  if (newest !== undefined) {
    const kept = disk.peek('/wal/checkpoint').toString();
    assert.ok(sizeOf(kept) >= sizeOf(newest), `${name}: what was given out is not kept`);
  }
  const { database } = await simulatedDatabase({ startMs, identity: 1, disk });
  const reference = new ReferenceRoots(await leavesOf(database.log));
  const now = await database.proofs.checkpoint();
  assert.ok(now.ok, name);
  const size = database.log.lastSequence;
  assert.deepEqual(sigstoreCheckpoint(now.value, vkey).logHash, reference.root(0, size), name);
  for (const note of moment.notes) {
    const { logSize, logHash } = sigstoreCheckpoint(note, vkey);
    assert.deepEqual(logHash, reference.root(0, Number(logSize)), name);
    assert.ok((await database.proofs.consistency(Number(logSize))).ok, name);
  }
  await database.close();
};

test('no signed checkpoint is contradicted, whatever a power loss follows', async (t) => {
  const { moments, vkey } = await momentsOf();
  const flushes = moments.filter(({ disk }) => disk.peek('/db/tree').length > 0).length;
  assert.ok(flushes > 10, 'the tree was never flushed');
  t.diagnostic(`${moments.length} moments, ${flushes} with a tree file`);
  const seeds = seedsOf(process.env.STEMEDB_SOAK === '1' ? 20 : 1);
  for (const moment of moments) {
    if (moment.operation % 3 === 0) await check(moment, vkey, 0, 'nothing kept');
    if (moment.operation % 7 === 0) await check(moment, vkey, 0, 'all kept');
    for (const seed of seeds) await check(moment, vkey, seed + moment.operation, 'any');
  }
});
