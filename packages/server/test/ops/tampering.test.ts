/**
 * Fault 23: whoever owns the disk and the node's key rewrites the log, and everything that follows
 * from it. A checkpoint that was saved before finds it; without one nothing does, and the
 * documentation says so.
 */
import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { fromBase64, verifyConsistency } from '@stemedb/model';
import { systemClock } from '../../src/io/system_clock.js';
import { systemDisk } from '../../src/io/system_disk.js';
import type { Identity } from '../../src/log/identity.js';
import type { LogEntry } from '../../src/log/log.js';
import { type VerifyReport, verifyDatabase } from '../../src/ops/verify.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import { runCli } from '../support/cli_process.js';
import { type SimulatedDatabase, simulatedDatabase, submit } from '../support/databases.js';
import { countOf, seeded } from '../support/seeded.js';
import { TestClock } from '../support/test_clock.js';
import { fill, must, openReal, scratchDirectories, type TestDirectories } from './directories.js';
import { type Attack, attacked, attacks, entriesOf, writeForged } from './tampering.js';

const seed = Number(process.env.STEMEDB_SEED ?? 23);
const startMs = Date.UTC(2026, 0, 1);
const identityFile = '/wal/identity';

const open = (disk: SimulatedDisk): Promise<SimulatedDatabase> =>
  simulatedDatabase({ startMs, identity: 1, disk });

/** A log, and the checkpoint that somebody saved when it was shorter. */
interface Given {
  readonly disk: SimulatedDisk;
  readonly identity: Identity;
  readonly records: readonly LogEntry[];
  readonly note: string;
  /** Records that the checkpoint covers. */
  readonly signed: number;
}

const given = async (before: number, after: number): Promise<Given> => {
  const disk = new SimulatedDisk();
  const { database } = await open(disk);
  const state = async (value: number): Promise<void> => {
    const content = { concept_path: `a/${value % 3}`, predicate: 'p', value };
    await submit(database, { kind: 'assertion', content });
  };
  for (let value = 0; value < before; value += 1) await state(value);
  const note = must(await database.proofs.checkpoint());
  const signed = database.log.lastSequence;
  for (let value = 0; value < after; value += 1) await state(before + value);
  const records = await entriesOf(database.log);
  await database.close();
  return { disk, identity: database.identity, records, note, signed };
};

const verify = async (disk: SimulatedDisk, notes: readonly string[]): Promise<VerifyReport> =>
  verifyDatabase({
    disk,
    walDir: '/wal',
    dbDir: '/db',
    isLocked: false,
    checkpoints: new Map(notes.map((note, index) => [`saved ${index}`, note])),
    checkStore: async () => 'because it is in memory',
    onFinding: () => undefined,
    onProgress: () => undefined,
  });

/** The disk as the attacker leaves it: log, tree and checkpoint of the same node, all sound. */
const forgedDisk = async (
  { disk, identity }: Given,
  forged: readonly LogEntry[],
): Promise<{ readonly disk: SimulatedDisk; readonly target: SimulatedDatabase }> => {
  const theirs = new SimulatedDisk();
  await theirs.makeDirectory('/wal');
  theirs.put(identityFile, disk.peek(identityFile));
  await writeForged(theirs, new TestClock(startMs), '/wal', identity, forged);
  return { disk: theirs, target: await open(theirs) };
};

/** True when the forged server can answer a client that has the old checkpoint. */
const answersConsistency = async (
  { database }: SimulatedDatabase,
  note: string,
): Promise<boolean> => {
  const [, size, root = ''] = note.split('\n');
  const proof = await database.proofs.consistency(Number(size));
  if (!proof.ok) return false;
  const [first, second] = [fromBase64(root), fromBase64(proof.value.to_root)];
  const hashes = proof.value.hashes.map(fromBase64);
  assert.ok(first !== undefined && second !== undefined);
  return verifyConsistency(
    { size: Number(size), root: first },
    { size: proof.value.to, root: second },
    hashes.filter((hash) => hash !== undefined),
  );
};

const cases = countOf(1000, 50_000);

test(`${cases} rewritten logs are found with a saved checkpoint`, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed}`);
  const random = seeded(seed);
  const bases = await Promise.all([given(3, 0), given(9, 4), given(14, 9)]);
  for (let count = 0; count < cases; count += 1) {
    const attack = attacks[count % attacks.length] ?? 'removed';
    const base = random.pick(bases);
    const forged = attacked(attack, base.records, base.signed, random);
    const name = `${attack}, case ${count}, seed ${seed}`;
    const { disk, target } = await forgedDisk(base, forged);
    assert.equal(await answersConsistency(target, base.note), false, name);
    // The node signs the history that it has now.
    must(await target.database.proofs.checkpoint());
    await target.database.close();
    const found = await verify(disk, [base.note]);
    assert.equal(found.worst, 'altered', name);
    const unnoticed = await verify(disk, []);
    assert.deepEqual([unnoticed.worst, unnoticed.findings], [undefined, 0], name);
  }
});

test('the log that was signed is found to be that, at every size', async () => {
  const base = await given(9, 4);
  const report = await verify(base.disk, [base.note]);
  assert.equal(report.worst, undefined);
  assert.equal(report.tree.checkpoints, 2);
  const { disk, target } = await forgedDisk(base, base.records);
  assert.ok(await answersConsistency(target, base.note));
  await target.database.close();
  assert.equal((await verify(disk, [base.note])).worst, undefined);
});

test('the node itself does not start on a history that it did not sign', async () => {
  const base = await given(9, 4);
  const { disk, target } = await forgedDisk(
    base,
    attacked('content altered', base.records, base.signed, seeded(seed)),
  );
  await target.database.close();
  disk.put('/wal/checkpoint', base.disk.peek('/wal/checkpoint'));
  assert.equal((await verify(disk, [])).worst, 'altered');
  await assert.rejects(open(disk), /log_corrupt: The first 10 records are not those/);
});

/** Rewrites a real directory; gives the directories of the forged database. */
const forgeReal = async (
  directories: TestDirectories,
  attack: Attack,
  signed: number,
  root: string,
): Promise<TestDirectories> => {
  const database = must(await openReal(directories));
  const forged = attacked(attack, await entriesOf(database.log), signed, seeded(seed));
  await database.close();
  const theirs = { walDir: join(root, attack, 'wal'), dbDir: join(root, attack, 'db') };
  await mkdir(theirs.walDir, { recursive: true });
  await cp(join(directories.walDir, 'identity'), join(theirs.walDir, 'identity'));
  await writeForged(systemDisk, systemClock, theirs.walDir, database.identity, forged);
  const opened = must(await openReal(theirs, { policy: false }));
  must(await opened.proofs.checkpoint());
  await opened.close();
  return theirs;
};

test('the command line finds them on a real disk, store and all', async (context) => {
  const directories = await scratchDirectories(context);
  const database = must(await openReal(directories));
  await fill(database, 20);
  const note = must(await database.proofs.checkpoint());
  const signed = database.log.lastSequence;
  await fill(database, 30);
  await database.close();
  const root = join(directories.walDir, '..');
  const saved = join(root, 'saved.txt');
  await writeFile(saved, note);
  const run = ({ walDir, dbDir }: TestDirectories, ...words: readonly string[]) =>
    runCli('verify', ...words, '--wal-dir', walDir, '--db-dir', dbDir);
  assert.equal((await run(directories, '--checkpoint', saved)).exit, 0);
  for (const attack of ['content altered', 'reordered', 'rolled back'] as const) {
    const theirs = await forgeReal(directories, attack, signed, root);
    const found = await run(theirs, '--checkpoint', saved);
    assert.equal(found.exit, 67, `${attack}: ${found.out}${found.err}`);
    assert.match(found.out, /saved\.txt: altered: /);
    const unnoticed = await run(theirs);
    assert.equal(unnoticed.exit, 0, `${attack}: ${unnoticed.out}${unnoticed.err}`);
  }
});

test('a log without its identity is not called sound', async () => {
  const { disk, note } = await given(3, 2);
  await disk.remove(identityFile);
  const { worst, findings } = await verify(disk, [note]);
  assert.equal(worst, 'damage');
  assert.equal(findings, 1);
});
