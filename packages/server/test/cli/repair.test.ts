import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import type { Disk } from '../../src/io/disk.js';
import { systemDisk } from '../../src/io/system_disk.js';
import { tryLockDirectory } from '../../src/log/directory.js';
import { filledDirectories, must, openReal, type TestDirectories } from '../ops/directories.js';
import { scratch } from './harness.js';
import { run } from './over_files.js';

/** Adds up how much is read of files of logs. */
const countingDisk = (): { readonly disk: Disk; readonly read: () => number } => {
  let bytes = 0;
  const open: Disk['open'] = async (path, purpose) => {
    const file = await systemDisk.open(path, purpose);
    if (!path.endsWith('.wal')) return file;
    const read = file.read.bind(file);
    file.read = async (...words) => {
      const count = await read(...words);
      bytes += count;
      return count;
    };
    return file;
  };
  return { disk: { ...systemDisk, open }, read: () => bytes };
};

const placeOf = ({ walDir }: TestDirectories): string => join(walDir, '..', 'backups');

const segmentsOf = async ({ walDir }: TestDirectories): Promise<readonly string[]> =>
  (await readdir(walDir)).filter((file) => file.endsWith('.wal')).sort();

/** Flips a bit in the middle of the second segment. */
const damage = async (directories: TestDirectories): Promise<void> => {
  const [, second = ''] = await segmentsOf(directories);
  const path = join(directories.walDir, second);
  const bytes = await readFile(path);
  bytes.writeUInt8((bytes[3000] ?? 0) ^ 4, 3000);
  await writeFile(path, bytes);
};

/** Several segments, a backup of them, and damage in the second. */
const damaged = async (context: TestContext): Promise<TestDirectories> => {
  const directories = await filledDirectories(context, 120);
  const backup = await run(['backup', '--to', placeOf(directories)], directories);
  assert.equal(backup.exit, 0, backup.err);
  await damage(directories);
  return directories;
};

/** `verify` finds nothing, and a database opens on it; gives its number of records. */
const assertStarts = async (directories: TestDirectories): Promise<number> => {
  const verified = await run(['verify'], directories);
  assert.equal(verified.exit, 0, verified.out);
  const database = must(await openReal(directories));
  const { lastSequence } = database.log;
  await database.close();
  return lastSequence;
};

test('repair: without an option it tells what is left and changes nothing', async (context) => {
  const directories = await damaged(context);
  const before = await readdir(directories.walDir);
  const ran = await run(['repair'], directories);
  assert.equal(ran.exit, 65, ran.err);
  assert.match(
    ran.out,
    /^[0-9a-f]{16}\.wal:\d+: no valid frame \(CRC mismatch\) from here to byte/m,
  );
  assert.match(ran.out, /^Whole, in front of the damage: \d+ records \(1-\d+\)\.$/m);
  assert.match(ran.out, /^Whole, behind damage: \d+ records \(\d+-\d+\)\.$/m);
  assert.match(ran.out, /^Not to be read: 1 record \(\d+\)\.$/m);
  assert.deepEqual(await readdir(directories.walDir), before);
  const { found, done } = JSON.parse((await run(['repair', '--json'], directories)).out);
  assert.equal(done, null);
  assert.equal(found.is_sound, false);
  assert.equal(found.lost[0].from, found.kept + 1);
  assert.match(found.later_ids[0], /^[0-9a-f]{64}$/);
});

test('repair: reads the log once to look, and four times for a cut', async (context) => {
  const directories = await damaged(context);
  const { walDir } = directories;
  const files = await segmentsOf(directories);
  const sizes: number[] = [];
  for (const file of files) sizes.push((await readFile(join(walDir, file))).length);
  // The damaged segment is read on from the damage, to search for what is whole behind, and there.
  const once = sizes.reduce((sum, size) => sum + size, 0) + 2.5 * (sizes[1] ?? 0);
  for (const [words, times] of [
    [['repair'], 1],
    // To look, to write out what is behind, to write the new log, and to read that back.
    [['repair', '--cut'], 4],
  ] as const) {
    const { disk, read } = countingDisk();
    const ran = await run(words, directories, disk);
    assert.equal(ran.exit, times === 1 ? 65 : 0, ran.err);
    assert.ok(read() <= times * once, `${read()} bytes read, ${once} at once`);
  }
});

test('repair --from: the damaged segment from a backup, and nothing is lost', async (context) => {
  const directories = await damaged(context);
  const place = placeOf(directories);
  const dry = await run(['repair', '--from', place, '--dry-run'], directories);
  assert.equal(dry.exit, 65, dry.err);
  assert.match(dry.err, /would put right: [0-9a-f]{16}\.wal\./);
  const ran = await run(['repair', '--from', place], directories);
  assert.equal(ran.exit, 0, ran.err);
  assert.match(
    ran.out,
    /Put right from stemedb-backup-\d+-\d+: .*The log has 161 records, all whole/,
  );
  assert.equal(await assertStarts(directories), 161);
  const aside = (await readdir(directories.walDir)).find((name) => name.startsWith('set-aside-'));
  assert.equal((await readdir(join(directories.walDir, aside ?? ''))).length, 1);
  const again = await run(['repair', '--from', place], directories);
  assert.match(again.out, /Nothing to repair: 161 records, all whole/);
});

test('repair --from: of several copies at a place, the one of this log', async (context) => {
  const directories = await filledDirectories(context, 120);
  const other = await filledDirectories(context, 20);
  const place = placeOf(directories);
  const secret = await generateIdentity();
  const key = join(place, '..', 'key.txt');
  await writeFile(key, `${secret}\n`);
  const words = ['archive', '--to', place, '--recipient', await identityToRecipient(secret)];
  for (const of of [other, directories, other]) {
    const archived = await run(words, of);
    assert.equal(archived.exit, 0, archived.err);
  }
  const backup = await run(['backup', '--to', place], other);
  assert.equal(backup.exit, 0, backup.err);
  await damage(directories);
  const locked = await run(['repair', '--from', place], directories);
  assert.equal(locked.exit, 78, locked.err);
  assert.match(locked.err, /name the file of the secret key/);
  const ran = await run(['repair', '--from', place, '--identity', key], directories);
  assert.equal(ran.exit, 0, ran.err);
  assert.equal(await assertStarts(directories), 161);
});

test('repair --from: a place with nothing of this log says so', async (context) => {
  const directories = await damaged(context);
  const other = await filledDirectories(context, 20);
  const place = `${placeOf(directories)}-of-another`;
  assert.equal((await run(['backup', '--to', place], other)).exit, 0);
  const ran = await run(['repair', '--from', place], directories);
  assert.equal(ran.exit, 1, ran.err);
  assert.match(ran.err, /no complete backup and no archive of the log [0-9a-f]{32} at/);
});

test('repair --cut: a log of its own up to the damage; a backup then restores', async (context) => {
  const directories = await damaged(context);
  const before = await readdir(directories.walDir);
  const dry = await run(['repair', '--cut', '--dry-run'], directories);
  assert.equal(dry.exit, 65, dry.err);
  assert.match(
    dry.err,
    /A cut would keep \d+ records in a new log and set the rest aside; it fits/,
  );
  assert.deepEqual(await readdir(directories.walDir), before);
  const ran = await run(['repair', '--cut', '--json'], directories);
  assert.equal(ran.exit, 0, ran.err);
  const { found, done, records, set_aside: aside, behind_damage: later } = JSON.parse(ran.out);
  assert.equal(done, 'cut');
  assert.equal(records, found.kept);
  assert.equal(await assertStarts(directories), found.kept + 1);
  assert.ok((await readdir(aside)).includes('identity'));
  const lines = (await readFile(join(aside, 'behind-damage.jsonl'), 'utf8')).trimEnd().split('\n');
  assert.equal(lines.length, later);
  const [range] = found.later;
  assert.equal(later, range.to - range.from + 1);
  assert.deepEqual([found.later_ids.length, found.later_ids_left_out], [later, 0]);
});

test('repair: an end that only the store remembers is missed', async (context) => {
  const directories = await filledDirectories(context, 120);
  const last = (await segmentsOf(directories)).at(-1) ?? '';
  await rm(join(directories.walDir, last));
  const ran = await run(['repair'], directories);
  assert.equal(ran.exit, 65, ran.out);
  assert.match(ran.out, /^Not to be read: \d+ records \(\d+-161\)\.$/m);
});

test('repair: an identity comes back from a backup, or is named as lost', async (context) => {
  const directories = await damaged(context);
  const place = placeOf(directories);
  assert.equal((await run(['repair', '--from', place], directories)).exit, 0);
  await rm(join(directories.walDir, 'identity'));
  const lost = await run(['repair'], directories);
  assert.match(lost.out, /^identity: The file "identity" is missing\.$/m);
  const ran = await run(['repair', '--from', place], directories);
  assert.equal(ran.exit, 0, ran.err);
  assert.equal(await assertStarts(directories), 161);
});

test('repair: a copy that lacks the damaged part changes nothing', async (context) => {
  const directories = await filledDirectories(context, 20);
  const place = placeOf(directories);
  assert.equal((await run(['backup', '--to', place], directories)).exit, 0);
  const database = must(await openReal(directories));
  const principal = { type: 'node', agentId: database.agentId } as const;
  for (let value = 0; value < 3; value += 1) {
    const content = { concept_path: 'a/b', predicate: 'p', value };
    await database.ingest.submitAll(principal, [{ kind: 'assertion', content }]);
  }
  await database.close();
  const [only = ''] = await segmentsOf(directories);
  const path = join(directories.walDir, only);
  const bytes = await readFile(path);
  const at = bytes.lastIndexOf('"value":1');
  bytes.writeUInt8(0x39, at + 8);
  await writeFile(path, bytes);
  const ran = await run(['repair', '--from', place], directories);
  assert.equal(ran.exit, 65, ran.out);
  assert.match(ran.err, /does not have all that is damaged\. Nothing was changed/);
  const cut = await run(['repair', '--from', place, '--cut'], directories);
  assert.equal(cut.exit, 0, cut.err);
  await assertStarts(directories);
});

test('repair: refused beside a server, without a log, and for an altered log', async (context) => {
  const directories = await damaged(context);
  const lock = await tryLockDirectory(systemDisk, directories.dbDir);
  assert.equal((await run(['repair', '--cut'], directories)).exit, 75);
  await lock?.release();
  const elsewhere = { walDir: join(directories.walDir, 'no'), dbDir: directories.dbDir };
  assert.equal((await run(['repair'], elsewhere)).exit, 1);
  assert.equal((await run(['repair', '--dry-run'], directories)).exit, 2);
});

test('repair: a directory with nothing but a lock has no log', async (context) => {
  const folder = await scratch(context);
  const empty = { walDir: join(folder, 'wal'), dbDir: join(folder, 'db') };
  await mkdir(empty.walDir);
  await writeFile(join(empty.walDir, 'lock'), '');
  const ran = await run(['repair'], empty);
  assert.equal(ran.exit, 1, ran.out);
  assert.match(ran.err, /not_found: There is no log in/);
});
