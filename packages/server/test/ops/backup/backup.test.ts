/** Full and incremental backups, their verification, and the log that comes out of a restore. */
import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { DirectoryObjects } from '../../../src/io/directory_objects.js';
import { systemDisk } from '../../../src/io/system_disk.js';
import { readContinuation } from '../../../src/log/continuation.js';
import { readOperations } from '../../../src/ops/operations_file.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import {
  fill,
  filledDirectories,
  must,
  openReal,
  scratchDirectories,
  type TestDirectories,
} from '../directories.js';
import {
  assertFollows,
  backUp,
  backupClock,
  copyNamed,
  findingsOf,
  recordsOf,
  tryBackup,
  tryRestore,
} from './backups.js';

const addClaims = async (directories: TestDirectories, count: number): Promise<void> => {
  const database = must(await openReal(directories, { segmentBytesMax: 16 * 1024 }));
  await fill(database, count);
  await database.close();
};

test('a full backup in a directory, verified and restored', async (context) => {
  const { walDir } = await filledDirectories(context);
  const target = await scratchDirectories(context);
  await mkdir(join(walDir, 'admin'));
  await writeFile(join(walDir, 'admin', 'keys.log'), 'who may do what');
  const place = join(walDir, '..', 'backups');
  const store = new DirectoryObjects(place);
  const clock = backupClock();
  const report = await backUp(store, clock, { walDir });
  assert.equal(report.name, 'stemedb-backup-20270115-080001');
  assert.equal(report.type, 'full');
  const records = await recordsOf(walDir);
  assert.equal(report.records, records.length);
  assert.equal(report.assertions, records.filter(({ kind }) => kind === 1).length);
  assert.deepEqual(await readdir(join(place, report.name)), [
    ...(await readdir(walDir)).filter((name) => name.endsWith('.wal')),
    ...['admin', 'checkpoint', 'identity', 'metadata.json'],
  ]);
  const identity = await stat(join(place, report.name, 'identity'));
  assert.equal(identity.mode & 0o777, 0o600);
  assert.deepEqual(await findingsOf(store, report.name), []);
  const notes = must(await readOperations(systemDisk, walDir));
  assert.equal(notes.get('backup')?.position, records.length);

  const restored = must(await tryRestore(await copyNamed(store, report.name), target));
  assert.equal(restored.root, report.root);
  assert.equal(restored.records, records.length);
  assert.equal(restored.assertions, report.assertions);
  assert.ok(restored.hasNodeKey);
  await assertFollows(records, target.walDir);
  const [first] = await recordsOf(target.walDir);
  const continuation = readContinuation(first?.bytes ?? Buffer.of());
  assert.equal(continuation?.origin, restored.origin);
  assert.equal(continuation?.root, report.root);
  assert.equal(continuation?.kept, records.length);
  assert.equal(await readFile(join(target.walDir, 'admin', 'keys.log'), 'utf8'), 'who may do what');
  const database = must(await openReal(target, { policy: false }));
  assert.equal(database.store.appliedSequence, records.length + 1);
  assert.equal(database.identity.logId, restored.logId);
  await database.close();
});

test('incremental backups refer to what the first one has', async (context) => {
  const directories = await filledDirectories(context);
  const { walDir } = directories;
  const store = new MemoryObjects();
  const clock = backupClock();
  const first = await backUp(store, clock, { walDir, isIncremental: true });
  assert.equal(first.type, 'full', 'there is nothing to go on from');
  await addClaims(directories, 200);
  const second = await backUp(store, clock, { walDir, isIncremental: true });
  await addClaims(directories, 300);
  const third = await backUp(store, clock, { walDir, isIncremental: true });
  assert.deepEqual([second.base, third.base], [first.name, second.name]);
  assert.ok(third.referredBytes > 3 * 16 * 1024 && second.copiedBytes > 16 * 1024);
  const full = await backUp(store, clock, { walDir });
  assert.equal(full.referredBytes, 0);
  assert.equal(third.root, full.root, 'as if all had been read');
  for (const { name } of [first, second, third, full]) {
    assert.deepEqual(await findingsOf(store, name), [], name);
  }
  const target = await scratchDirectories(context);
  must(await tryRestore(await copyNamed(store, third.name), target));
  await assertFollows(await recordsOf(walDir), target.walDir);
});

test('one damaged segment in the middle is one finding', async (context) => {
  const directories = await filledDirectories(context);
  await addClaims(directories, 300);
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { walDir: directories.walDir });
  const segments = [...store.objects.keys()].filter((key) => key.endsWith('.wal')).sort();
  assert.ok(segments.length > 2, segments.join());
  const [, middle = ''] = segments;
  const bytes = Buffer.from((await store.get(middle)) ?? []);
  bytes.writeUInt8((bytes[1000] ?? 0) ^ 1, 1000);
  await store.put(middle, bytes);
  const expected = [`${middle}: its SHA-256 is that of another content`];
  assert.deepEqual(await findingsOf(store, name), expected);
});

test('an incremental backup finds that its base is of another history', async (context) => {
  const directories = await filledDirectories(context);
  const other = await filledDirectories(context, 60);
  const store = new MemoryObjects();
  const clock = backupClock();
  const base = await backUp(store, clock, { walDir: directories.walDir });
  // Somebody has put another log under the same identity.
  const identity = await readFile(join(directories.walDir, 'identity'));
  const bytes = await readFile(join(directories.walDir, '0000000000000000.wal'));
  const { walDir } = other;
  const named = await backUp(store, clock, { walDir, isIncremental: true });
  assert.equal(named.type, 'full', 'backups of other databases are no base');
  await writeFile(join(walDir, 'identity'), identity);
  const mixed = await tryBackup(store, clock, { walDir, isIncremental: true });
  assert.ok(!mixed.ok && mixed.error.code === 'log_altered', JSON.stringify(mixed));
  const full = await tryBackup(store, clock, { walDir, retention: { count: 1 } });
  assert.ok(!full.ok && full.error.code === 'log_altered', JSON.stringify(full));
  await writeFile(join(walDir, '0000000000000000.wal'), bytes);
  const shorter = await tryBackup(store, clock, { walDir, isIncremental: true });
  assert.ok(!shorter.ok, 'the log has less than the base');
  const kept = [...store.objects.keys()].filter((key) => key.endsWith('metadata.json'));
  assert.deepEqual(
    kept,
    [base.name, named.name].map((name) => `${name}/metadata.json`),
  );
});

test('a full backup refuses an older state that has gone on', async (context) => {
  const directories = await filledDirectories(context, 20);
  const { walDir } = directories;
  const putBack = await scratchDirectories(context);
  await cp(walDir, putBack.walDir, { recursive: true });
  await cp(directories.dbDir, putBack.dbDir, { recursive: true });
  await addClaims(directories, 40);
  const store = new MemoryObjects();
  const clock = backupClock();
  const good = await backUp(store, clock, { walDir });
  // First it has less than the backup, then more, of which the backup knows nothing.
  for (const claims of [30, 60]) {
    await addClaims(putBack, claims);
    const refused = await tryBackup(store, clock, { ...putBack, retention: { count: 1 } });
    assert.ok(!refused.ok && refused.error.code === 'log_altered', JSON.stringify(refused));
    assert.ok(refused.error.detail.includes(good.name), refused.error.detail);
  }
  const names = new Set([...store.objects.keys()].map((key) => key.split('/')[0]));
  assert.deepEqual([...names], [good.name]);
  assert.equal((await backUp(new MemoryObjects(), clock, putBack)).type, 'full', 'elsewhere');
});

test('without the key of the node a restore makes a new one', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const target = await scratchDirectories(context);
  const store = new MemoryObjects();
  const report = await backUp(store, backupClock(), { walDir, keepsSecrets: false });
  assert.ok(!report.hasIdentity && !store.objects.has(`${report.name}/identity`));
  const restored = must(await tryRestore(await copyNamed(store, report.name), target));
  assert.ok(!restored.hasNodeKey);
  await assertFollows(await recordsOf(walDir), target.walDir);
});
