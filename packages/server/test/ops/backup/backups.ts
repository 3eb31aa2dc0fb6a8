/** Backups of real databases, and what a restored one must be. */
import assert from 'node:assert/strict';
import {
  blake3Hex,
  canonicalBytes,
  type HlcStamp,
  type JsonObject,
  type Outcome,
} from '@stemedb/model';
import { sodiumVerify } from '../../../src/ingest/sodium.js';
import type { Clock } from '../../../src/io/clock.js';
import type { Disk } from '../../../src/io/disk.js';
import type { ObjectStore } from '../../../src/io/object_store.js';
import { systemDisk } from '../../../src/io/system_disk.js';
import { systemRandom } from '../../../src/io/system_random.js';
import type { LogRecord } from '../../../src/log/log.js';
import {
  type BackupForecast,
  type BackupOutcome,
  type BackupReport,
  takeBackup,
} from '../../../src/ops/backup/backup.js';
import { openBackupCopy } from '../../../src/ops/backup/backup_copy.js';
import type { BackupInput } from '../../../src/ops/backup/input.js';
import type { LogCopy } from '../../../src/ops/log_copy.js';
import { openReadOnlyLog } from '../../../src/ops/read_only_log.js';
import {
  type RestoredLog,
  restoreCopy,
  type WrittenBeside,
} from '../../../src/ops/restore_copy.js';
import { verifyCopy } from '../../../src/ops/verify_copy.js';
import { TestClock } from '../../support/test_clock.js';
import { must, type TestDirectories } from '../directories.js';

/** A clock on which each backup has a second, and so a name, of its own. */
export const backupClock = (): TestClock => new TestClock(1_800_000_000_000);

export type BackupOptions = Partial<BackupInput> & { readonly walDir: string };

const take = (
  store: ObjectStore,
  clock: TestClock,
  options: BackupOptions,
): Promise<Outcome<BackupOutcome>> => {
  clock.advance(1000);
  return takeBackup({
    disk: systemDisk,
    clock,
    sleep: async (ms) => clock.advance(ms),
    verify: sodiumVerify,
    store,
    keepsSecrets: true,
    version: '0.0.0',
    isIncremental: false,
    retention: {},
    isDryRun: false,
    onProgress: () => undefined,
    ...options,
  });
};

export const tryBackup = async (
  store: ObjectStore,
  clock: TestClock,
  options: BackupOptions,
): Promise<Outcome<BackupReport>> => {
  const taken = await take(store, clock, options);
  if (!taken.ok) return taken;
  assert.ok(taken.value.type === 'made');
  return { ok: true, value: taken.value.report };
};

export const backUp = async (
  store: ObjectStore,
  clock: TestClock,
  options: BackupOptions,
): Promise<BackupReport> => must(await tryBackup(store, clock, options));

/** What a dry run says. */
export const forecast = async (
  store: ObjectStore,
  clock: TestClock,
  options: BackupOptions,
): Promise<BackupForecast> => {
  const taken = must(await take(store, clock, { ...options, isDryRun: true }));
  return taken.type === 'forecast' ? taken.forecast : assert.fail('it was made');
};

export const copyNamed = async (store: ObjectStore, name: string): Promise<LogCopy> =>
  must(await openBackupCopy(store, name));

/** What `verify` says of a backup. */
export const findingsOf = async (store: ObjectStore, name: string): Promise<readonly string[]> => {
  const findings: string[] = [];
  await verifyCopy({
    copy: await copyNamed(store, name),
    checkpoints: new Map(),
    onFinding: ({ where, detail }) => findings.push(`${where}: ${detail}`),
    onProgress: () => undefined,
  });
  return findings;
};

export const tryRestore = (
  copy: LogCopy,
  directories: TestDirectories,
  options: {
    readonly to?: HlcStamp;
    readonly disk?: Disk;
    readonly clock?: Clock;
    readonly freeBytesMin?: number;
    readonly beside?: WrittenBeside;
  } = {},
): Promise<Outcome<RestoredLog>> =>
  restoreCopy({
    disk: systemDisk,
    clock: new TestClock(1_900_000_000_000),
    random: systemRandom,
    ...directories,
    copy,
    segmentBytesMax: 16 * 1024,
    freeBytesMin: 0,
    onProgress: () => undefined,
    ...options,
  });

export const recordsOf = async (
  walDir: string,
  disk: Disk = systemDisk,
): Promise<readonly LogRecord[]> => {
  const log = must(await openReadOnlyLog(disk, walDir));
  const records: LogRecord[] = [];
  for await (const chunk of log.iterate({ sequence: 1 })) records.push(...chunk);
  return records;
};

/** Everything of a record but where it stands. */
export const contentOf = ({ kind, shard, stamp, proof, bytes }: LogRecord): string =>
  [kind, shard, stamp, proof, Buffer.from(bytes).toString('utf8')].join();

/** All of `records` must follow the continuation, as they were. */
export const assertFollows = async (
  records: readonly LogRecord[],
  walDir: string,
  disk?: Disk,
): Promise<void> => {
  const [continuation, ...rest] = await recordsOf(walDir, disk);
  assert.equal(continuation?.kind, 0xff);
  assert.deepEqual(rest.map(contentOf), records.map(contentOf));
};

/** Metadata with a change and a checksum that is right. */
export const rewritten = (bytes: Uint8Array, change: JsonObject): Uint8Array => {
  const { checksum: _, ...stated } = JSON.parse(Buffer.from(bytes).toString()) as JsonObject;
  const whole = { ...stated, ...change };
  const checksum = blake3Hex(canonicalBytes(whole));
  return Buffer.from(JSON.stringify({ ...whole, checksum }));
};
