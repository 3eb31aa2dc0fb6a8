/** What a backup or a restore refuses, in a sentence that says what to do; nothing is changed. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { canonicalBytes, type HlcStamp, type JsonObject } from '@stemedb/model';
import { ObjectStoreError } from '../../../src/io/object_store.js';
import { systemDisk } from '../../../src/io/system_disk.js';
import { tryLockDirectory } from '../../../src/log/directory.js';
import { openBackupCopy } from '../../../src/ops/backup/backup_copy.js';
import { verifyCopy } from '../../../src/ops/verify_copy.js';
import { SimulatedDisk } from '../../simulation/simulated_disk.js';
import { historyOf, mergeAll, simulatedDatabase } from '../../support/databases.js';
import { MemoryObjects } from '../../support/memory_objects.js';
import { TestClock } from '../../support/test_clock.js';
import { filledDirectories, scratchDirectories } from '../directories.js';
import {
  assertFollows,
  backUp,
  backupClock,
  copyNamed,
  recordsOf,
  rewritten,
  tryBackup,
  tryRestore,
} from './backups.js';

test('a place that fails, at each of its calls', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const whole = new MemoryObjects();
  await backUp(whole, backupClock(), { walDir });
  const codes = [
    ['full', 'disk_full'],
    ['denied', 'data_directory_unwritable'],
    ['unavailable', 'not_ready'],
    ['invalid', 'invalid_configuration'],
  ] as const;
  for (const [fault, code] of codes) {
    for (let at = 1; at <= whole.objects.size + 1; at += 1) {
      const store = new MemoryObjects();
      let puts = 0;
      store.onChange = (call) => {
        puts += call === 'put' ? 1 : 0;
        if (call === 'put' && puts === at) throw new ObjectStoreError(fault, 'said the place');
      };
      const refused = await tryBackup(store, backupClock(), { walDir });
      assert.ok(!refused.ok && refused.error.code === code, `${fault} at put ${at}`);
      assert.match(refused.error.detail, /said the place/);
      assert.equal(store.objects.size, 0, `${fault} at put ${at}: ${[...store.objects.keys()]}`);
    }
  }
});

test('no database, and one that is being changed', async (context) => {
  const empty = await scratchDirectories(context);
  const none = await tryBackup(new MemoryObjects(), backupClock(), empty);
  assert.ok(!none.ok && none.error.code === 'not_found');
  const { walDir } = await filledDirectories(context, 10);
  await writeFile(join(walDir, 'renewing'), '');
  const renewing = await tryBackup(new MemoryObjects(), backupClock(), { walDir });
  assert.ok(!renewing.ok && /identity renew/.test(renewing.error.detail));
  await rename(join(walDir, 'renewing'), join(walDir, 'repairing'));
  const repairing = await tryBackup(new MemoryObjects(), backupClock(), { walDir });
  assert.ok(!repairing.ok && /repair --cut/.test(repairing.error.detail));
});

test('the identity in a backup is that under which it was made', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  const path = join(walDir, 'identity');
  const identity = await readFile(path);
  store.onChange = (_, key) => {
    // A renewal puts another in its place meanwhile.
    if (key.endsWith('.wal')) writeFileSync(path, 'of another log');
  };
  const { name } = await backUp(store, backupClock(), { walDir });
  assert.deepEqual(Buffer.from(store.objects.get(`${name}/identity`) ?? []), identity);
  const restored = await tryRestore(
    await copyNamed(store, name),
    await scratchDirectories(context),
  );
  assert.ok(restored.ok, JSON.stringify(restored));
});

test('a disk that fails, at each of its operations', async () => {
  const disk = new SimulatedDisk();
  const origin = await simulatedDatabase({ startMs: 1_790_000_000_000, identity: 1, disk });
  await origin.database.close();
  const options = { disk, walDir: '/wal' };
  let failed = 0;
  for (let at = 1; ; at += 1) {
    let count = 0;
    disk.hook = () => {
      count += 1;
      return count === at ? { type: 'error', code: 'EIO' } : undefined;
    };
    const store = new MemoryObjects();
    const taken = await tryBackup(store, backupClock(), options);
    const isMet = count >= at;
    disk.hook = undefined;
    if (taken.ok) {
      // Only the note for the metrics may be missing.
      assert.equal(taken.value.isNoted, !isMet, `operation ${at}`);
      await copyNamed(store, taken.value.name);
      if (!isMet) break;
      continue;
    }
    failed += 1;
    assert.equal(taken.error.code, 'log_failed', `operation ${at}: ${taken.error.detail}`);
    assert.equal(store.objects.size, 0, `operation ${at}`);
  }
  assert.ok(failed > 5, `${failed} operations failed the backup`);
});

test('a place that fails while it is restored from', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { walDir });
  const copy = await copyNamed(store, name);
  const target = await scratchDirectories(context);
  let reads = 0;
  store.get = async (key) => {
    reads += 1;
    if (reads === 3) throw new ObjectStoreError('unavailable', 'the place is gone');
    return store.objects.get(key);
  };
  const refused = await tryRestore(copy, target);
  assert.ok(!refused.ok && refused.error.code === 'not_ready', JSON.stringify(refused));
  assert.deepEqual(await readdir(target.walDir), ['lock']);
  assert.ok((await tryRestore(copy, target)).ok, 'and once more');
});

test('a damaged log is not backed up as if it were sound', async (context) => {
  const { walDir } = await filledDirectories(context, 60);
  const segments = (await readdir(walDir)).filter((name) => name.endsWith('.wal'));
  assert.ok(segments.length > 1);
  for (const segment of segments) {
    const path = join(walDir, segment);
    const bytes = await readFile(path);
    const spoiled = Buffer.from(bytes);
    spoiled.writeUInt8((bytes[400] ?? 0) ^ 8, 400);
    await writeFile(path, spoiled);
    const store = new MemoryObjects();
    const refused = await tryBackup(store, backupClock(), { walDir });
    assert.ok(!refused.ok && refused.error.code === 'log_corrupt', segment);
    assert.ok(refused.error.detail.includes(segment), refused.error.detail);
    assert.equal(store.objects.size, 0);
    await writeFile(path, bytes);
  }
});

test('a target in use, not empty, or too small', async (context) => {
  const { walDir } = await filledDirectories(context, 40);
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { walDir });
  const copy = await copyNamed(store, name);
  for (const which of ['walDir', 'dbDir'] as const) {
    const target = await scratchDirectories(context);
    await systemDisk.makeDirectory(target[which]);
    const lock = await tryLockDirectory(systemDisk, target[which]);
    const used = await tryRestore(copy, target);
    assert.ok(!used.ok && used.error.code === 'data_directory_locked', which);
    await lock?.release();
    await writeFile(join(target[which], 'something'), 'of somebody');
    const full = await tryRestore(copy, target);
    assert.ok(!full.ok && full.error.code === 'conflict', which);
    assert.ok(full.error.detail.includes(target[which]), which);
    assert.equal(await readFile(join(target[which], 'something'), 'utf8'), 'of somebody');
  }
  const before = await recordsOf(walDir);
  const own = await tryRestore(copy, { walDir, dbDir: join(walDir, '..', 'other') });
  assert.ok(!own.ok && own.error.code === 'conflict');
  assert.deepEqual(await recordsOf(walDir), before);
  const disk = new SimulatedDisk({ capacityBytes: 2 * copy.bytes - 1 });
  const small = await tryRestore(copy, { walDir: '/wal', dbDir: '/db' }, { disk });
  assert.ok(!small.ok && small.error.code === 'disk_full');
  assert.ok(small.error.detail.includes(String(2 * copy.bytes)));
});

test('what a newer version wrote, and metadata that say what cannot be', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { walDir });
  const key = `${name}/metadata.json`;
  const sound = store.objects.get(key) ?? Buffer.of();
  const changes: readonly (readonly [JsonObject, string])[] = [
    [{ format: 2 }, 'format_too_new'],
    [{ format: 2, later: { and: 'more' } }, 'format_too_new'],
    [{ segments: [] }, 'copy_damaged'],
    [{ record_count: -1 }, 'copy_damaged'],
    [{ record_count: 1e300 }, 'copy_damaged'],
    [{ name: 'stemedb-backup-20200101-000000' }, 'copy_damaged'],
    [{ segments: [{ name: '../x', bytes: 1, sha256: '', backup: name }] }, 'copy_damaged'],
    [{ root: 'AAAA' }, 'copy_damaged'],
  ];
  for (const [change, code] of changes) {
    store.objects.set(key, rewritten(sound, change));
    const opened = await openBackupCopy(store, name);
    assert.ok(!opened.ok && opened.error.code === code, JSON.stringify(change));
  }
  store.objects.set(key, rewritten(sound, { format: 2 }));
  const clock = new TestClock(1_900_000_000_000);
  const later = await backUp(store, clock, { walDir, retention: { count: 1 } });
  assert.deepEqual([later.tooNew, later.damaged, later.removed], [[name], [], []]);
  store.objects.set(key, rewritten(sound, {}));
  assert.ok((await openBackupCopy(store, name)).ok);
});

test('a forged backup with hashes that are right is found by the checkpoint', async (context) => {
  const { walDir } = await filledDirectories(context, 20);
  const other = await filledDirectories(context, 21);
  const store = new MemoryObjects();
  const clock = backupClock();
  const genuine = await backUp(store, clock, { walDir });
  const foreign = await backUp(store, clock, { walDir: other.walDir });
  const parse = (name: string): JsonObject =>
    JSON.parse(Buffer.from(store.objects.get(`${name}/metadata.json`) ?? []).toString());
  const { checkpoint } = parse(genuine.name);
  const key = `${foreign.name}/metadata.json`;
  const bytes = store.objects.get(key) ?? Buffer.of();
  store.objects.set(key, rewritten(bytes, { checkpoint: checkpoint ?? null }));
  const copy = await copyNamed(store, foreign.name);
  const found: string[] = [];
  await verifyCopy({
    copy,
    checkpoints: new Map(),
    onFinding: ({ severity, where }) => found.push(`${severity} ${where}`),
    onProgress: () => undefined,
  });
  assert.deepEqual(found, ['altered checkpoint']);
  const refused = await tryRestore(copy, await scratchDirectories(context));
  assert.ok(!refused.ok && refused.error.code === 'copy_damaged');
});

test('records of kinds that nobody knows are kept byte for byte', async () => {
  const disk = new SimulatedDisk();
  const origin = await simulatedDatabase({ startMs: 1_790_000_000_000, identity: 1, disk });
  const unknown = ['prophecy', 'continuation', 'assertion'].map((kind, at) => ({
    bytes: canonicalBytes({ kind, v: kind === 'assertion' ? 9 : 1, of: 'the years to come', at }),
    stamp: `0190000000000${at}00aaaaaaaaaaaaaaaa` as HlcStamp,
    proof: 'node' as const,
  }));
  await mergeAll(origin, unknown);
  const records = await historyOf(origin);
  assert.ok(records.filter(({ kind }) => kind === 0xff).length === 3);
  await origin.database.close();
  const store = new MemoryObjects();
  const { name } = await backUp(store, backupClock(), { disk, walDir: '/wal' });
  const restored = new SimulatedDisk();
  const directories = { walDir: '/wal', dbDir: '/db' };
  assert.ok((await tryRestore(await copyNamed(store, name), directories, { disk: restored })).ok);
  await assertFollows(records, '/wal', restored);
});
