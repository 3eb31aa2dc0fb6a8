/** `stemedb backup`, `verify COPY` and `restore COPY` as commands, with their exit codes. */
import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  formatTime,
  fromBase64,
  ok,
  originOf,
  recordIdOf,
  signCheckpoint,
  stampMs,
} from '@stemedb/model';
import { systemEngine } from '../../src/bin/system_effects.js';
import type { CliServices } from '../../src/cli/services.js';
import { DirectoryObjects } from '../../src/io/directory_objects.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { tryLockDirectory } from '../../src/log/directory.js';
import { readIdentity } from '../../src/log/identity.js';
import { CompactRange } from '../../src/log/merkle/compact_range.js';
import { sodiumNoteSigner } from '../../src/log/merkle/sodium_signer.js';
import { readOperations } from '../../src/ops/operations_file.js';
import { backUp, backupClock, recordsOf } from '../ops/backup/backups.js';
import {
  filledDirectories,
  must,
  openReal,
  scratchDirectories,
  type TestDirectories,
} from '../ops/directories.js';
import { noServices, type Ran, run as runAny, scratch } from './harness.js';

interface Here {
  readonly directories: TestDirectories;
  readonly place: string;
  run(words: readonly string[], directories?: TestDirectories): Promise<Ran>;
}

const here = async (context: TestContext, claims = 40): Promise<Here> => {
  const directories = await filledDirectories(context, claims);
  const place = join(await scratch(context), 'backups');
  const services: CliServices = {
    ...noServices,
    openDatabase: (opened) => openReal(opened, { policy: false }),
    engine: systemEngine,
    readConfig: async () => ok([{ key: 'backup_url', value: place, source: 'default' }]),
  };
  const run = (words: readonly string[], { walDir, dbDir } = directories): Promise<Ran> =>
    runAny([...words, '--wal-dir', walDir, '--db-dir', dbDir], { io: { services } });
  return { directories, place, run };
};

const parsed = ({ exit, out, err }: Ran) => {
  assert.equal(exit, 0, out + err);
  for (const [name] of out.matchAll(/"\w+"(?=:)/g)) assert.match(name, /^"[a-z0-9_]+"$/);
  return JSON.parse(out);
};

test('backup, list, dry run, verify and restore', async (context) => {
  const { place, run } = await here(context);
  const dry = parsed(await run(['backup', '--dry-run', '--json']));
  assert.equal(dry.type, 'full');
  await assert.rejects(readdir(place), { code: 'ENOENT' });
  const made = parsed(await run(['backup', '--json']));
  assert.deepEqual([made.records, made.type, made.place], [55, 'full', place]);
  const listed = parsed(await run(['backup', '--list', '--json']));
  assert.deepEqual(
    [listed[0].name, listed[0].state, listed[0].record_count],
    [made.name, 'complete', 55],
  );
  const verified = await run(['verify', join(place, made.name)]);
  assert.equal(verified.exit, 0, verified.out);
  assert.match(verified.out, /55 records, 14 signatures[\s\S]*No damage found/);
  const target = await scratchDirectories(context);
  const restored = await run(['restore', place], target);
  assert.equal(restored.exit, 0, restored.err);
  assert.match(restored.out, /55 records, 40 assertions[\s\S]*compared[\s\S]*store \d/);
  assert.ok(
    restored.err.includes(`stemedb-api --wal-dir ${target.walDir} --db-dir `),
    restored.err,
  );
  const checked = parsed(await run(['verify', '--json'], target));
  assert.deepEqual([checked.log.records, checked.findings, checked.tree.checkpoints], [56, 0, 1]);
  assert.equal((await run(['restore', place], target)).exit, 1, 'it is not empty now');
  const table = await run(['backup', '--list']);
  assert.match(table.out, new RegExp(`${made.name} │ full`));
});

test('a restore to a moment, of the log alone', async (context) => {
  const { directories, place, run } = await here(context);
  await run(['backup']);
  const records = await recordsOf(directories.walDir);
  const middle = records[30]?.stamp ?? assert.fail();
  for (const to of [formatTime(stampMs(middle)), String(stampMs(middle)), middle]) {
    const target = await scratchDirectories(context);
    const words = ['restore', place, '--to', to, '--log-only', '--json'];
    const restored = parsed(await run(words, target));
    const isKept = ({ stamp }: { stamp: string }): boolean =>
      to === middle ? stamp <= middle : stampMs(stamp as typeof middle) <= stampMs(middle);
    assert.equal(restored.records, records.filter(isKept).length, to);
    assert.equal(restored.records + restored.left_out, records.length);
    assert.equal(restored.seconds.store, null);
    assert.deepEqual(await readdir(target.dbDir), ['lock']);
    must(
      await openReal(target, { policy: false }).then(async (opened) => {
        if (opened.ok) await opened.value.close();
        return opened;
      }),
    );
  }
});

test('a moment that the copy does not reach is remarked', async (context) => {
  const { place, run } = await here(context);
  await run(['backup']);
  const restore = async (to: string): Promise<string> => {
    const words = ['restore', place, '--to', to, '--log-only'];
    const ran = await run(words, await scratchDirectories(context));
    assert.equal(ran.exit, 0, ran.err);
    return ran.err;
  };
  assert.match(await restore('2001-01-01T00:00:00Z'), /warning: no record of the copy is as old/);
  assert.match(
    await restore('2090-01-01T00:00:00Z'),
    /warning: the copy was written at .*, before/,
  );
});

test('a place that has backups and an archive is not guessed at', async (context) => {
  const { directories, place, run } = await here(context);
  const name = parsed(await run(['backup', '--json'])).name;
  await run(['archive', '--to', place]);
  const { logId } = must(await readIdentity(systemDisk, directories.walDir)) ?? assert.fail();
  const target = await scratchDirectories(context);
  for (const words of [
    ['verify', place],
    ['restore', place],
  ]) {
    const ran = await run(words, target);
    assert.equal(ran.exit, 1, ran.out);
    assert.match(ran.err, /backups and an archive of one database .*Name the backup/);
  }
  assert.equal((await run(['verify', join(place, name)])).exit, 0);
  const archive = await run(['verify', place, '--log', logId]);
  assert.match(archive.out, /^archive /);
});

test('a restored log is held against checkpoints of the log before', async (context) => {
  const { directories, place, run } = await here(context);
  const identity = must(await readIdentity(systemDisk, directories.walDir)) ?? assert.fail();
  const records = await recordsOf(directories.walDir);
  const folder = await scratch(context);
  const signed = async (size: number, spoil = false): Promise<string> => {
    const range = new CompactRange();
    for (const { bytes, stamp } of records.slice(0, size)) range.add(recordIdOf(bytes), stamp);
    const root = fromBase64(range.root) ?? assert.fail();
    if (spoil) root[0] = (root[0] ?? 0) ^ 1;
    const origin = originOf(identity.databaseId, identity.logId);
    const note = signCheckpoint({ origin, size, root }, sodiumNoteSigner(identity.nodeKeySeed));
    const path = join(folder, `${size}${spoil}`);
    await writeFile(path, note);
    return path;
  };
  await run(['backup']);
  const whole = await scratchDirectories(context);
  await run(['restore', place], whole);
  const held = parsed(await run(['verify', '--json', '--checkpoint', await signed(20)], whole));
  assert.equal(held.tree.checkpoints, 2, 'the continuation, and the one named');
  const spoiled = await run(['verify', '--checkpoint', await signed(20, true)], whole);
  assert.equal(spoiled.exit, 67, spoiled.out);
  assert.match(spoiled.out, /records were changed/);
  const copy = await run(['verify', place, '--checkpoint', await signed(20)]);
  assert.equal(copy.exit, 0, copy.out);
  assert.equal((await run(['verify', place, '--checkpoint', await signed(20, true)])).exit, 67);

  // Restored once more from a backup of the restored one: both logs before are known.
  const again = join(folder, 'again');
  await run(['backup', '--to', again], whole);
  const twice = await scratchDirectories(context);
  await run(['restore', again], twice);
  const far = await run(['verify', '--checkpoint', await signed(30)], twice);
  assert.equal(far.exit, 0, far.out);

  const part = await scratchDirectories(context);
  const to = records[24]?.stamp ?? assert.fail();
  await run(['restore', place, '--to', to], part);
  assert.equal((await run(['verify', '--checkpoint', await signed(25)], part)).exit, 0);
  const beyond = await run(['verify', '--checkpoint', await signed(26)], part);
  assert.equal(beyond.exit, 67, beyond.out);
  assert.match(beyond.out, /restored from the first 25 of them/);
});

test('where two databases lie, one has to be named', async (context) => {
  const { directories, place, run } = await here(context);
  const other = await filledDirectories(context, 20);
  const own = parsed(await run(['backup', '--json']));
  const foreign = await backUp(new DirectoryObjects(place), backupClock(), other);
  const empty = await scratchDirectories(context);
  for (const words of [
    ['restore', place],
    ['verify', place],
  ]) {
    const refused = await run(words, empty);
    assert.equal(refused.exit, 1, refused.out);
    assert.match(refused.err, /backups of 2 databases[\s\S]*Name one of them/);
    for (const { name } of [own, foreign]) assert.ok(refused.err.includes(name), refused.err);
  }
  // Beside a database its own is meant, whatever else was put there later.
  const verified = parsed(await run(['verify', place, '--json']));
  assert.equal(verified.copy.name, own.name);
  const named = parsed(await run(['verify', join(place, foreign.name), '--json']));
  assert.equal(named.copy.name, foreign.name);
  const notes = must(await readOperations(systemDisk, directories.walDir));
  assert.equal(notes.get('verify')?.name, own.name, 'a success of another database is none here');
  const restored = await run(['restore', join(place, own.name)], empty);
  assert.equal(restored.exit, 0, restored.err);
});

test('each refusal has its exit code and its sentence', async (context) => {
  const { directories, place, run } = await here(context);
  const made = parsed(await run(['backup', '--json']));
  const expect = async (exit: number, says: RegExp, ...words: readonly string[]) => {
    const ran = await run(words);
    assert.equal(ran.exit, exit, `${words.join(' ')}: ${ran.out}${ran.err}`);
    assert.match(ran.err + ran.out, says);
  };
  await expect(2, /--from-export/, 'restore');
  await expect(2, /whole number/, 'backup', '--keep', '0');
  await expect(2, /--list only lists/, 'backup', '--list', '--keep', '3');
  await expect(2, /--to must be a time/, 'restore', place, '--to', 'yesterday');
  await expect(1, /no complete backup/, 'verify', `${place}-not`);
  await expect(1, /no complete backup/, 'restore', `${place}/stemedb-backup-20200101-000000`);
  await expect(78, /place is a path/, 'backup', '--to', 'ftp://example.org/a');
  await expect(1, /not empty/, 'restore', place);
  await writeFile(join(place, 'file'), '');
  await expect(78, /cannot be used/, 'backup', '--to', join(place, 'file'));
  const lock = await tryLockDirectory(systemDisk, directories.walDir);
  await expect(75, /Another process uses/, 'restore', place);
  await lock?.release();

  const segment = join(place, made.name, '0000000000000000.wal');
  const bytes = await readFile(segment);
  bytes.writeUInt8((bytes[900] ?? 0) ^ 1, 900);
  await writeFile(segment, bytes);
  await expect(
    65,
    new RegExp(`${made.name}/0000000000000000.wal: damage: its SHA-256`),
    'verify',
    place,
  );
  const target = await scratchDirectories(context);
  const refused = await run(['restore', place], target);
  assert.equal(refused.exit, 65, refused.err);
  assert.match(refused.err, /0000000000000000\.wal of the copy is damaged/);
  assert.deepEqual(await readdir(target.walDir), ['lock']);
  await rm(segment);
  await mkdir(segment);
  await expect(78, /cannot be used: EISDIR/, 'verify', place);
  assert.equal((await run(['restore', place], target)).exit, 78);
  await rename(join(place, made.name, 'metadata.json'), join(place, 'moved'));
  await expect(1, /no complete backup/, 'verify', place);
  await mkdir(join(place, 'stemedb-backup-20200101-000000'));
  await writeFile(join(place, 'stemedb-backup-20200101-000000', 'metadata.json'), '{');
  await expect(65, /damaged/, 'backup', '--list');
});
