/**
 * Takes a backup from the files of a log, beside the server that writes it or without one; asks
 * nobody. See SPEC.md.
 */
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import { diskErrorCode } from '../../io/disk.js';
import type { ObjectStore } from '../../io/object_store.js';
import { type Identity, readIdentity } from '../../log/identity.js';
import { renewalFileName } from '../../log/renewal_file.js';
import { repairCutOff, repairingFileName } from '../../log/repairing_file.js';
import { durableEnd } from '../durable_end.js';
import { noLog } from '../no_log.js';
import { noteOperation } from '../operations_file.js';
import { storeErrors } from '../store_errors.js';
import { chooseBase, missingOf, newestOf } from './base.js';
import type { BackupInput } from './input.js';
import {
  type BackupMetadata,
  type BackupSegment,
  encodeMetadata,
  metadataName,
  startedName,
} from './metadata.js';
import {
  backupNameAt,
  encodeStarted,
  type FoundBackup,
  findBackups,
  refersTo,
  removeBackup,
} from './places.js';
import { type Made, planRetention } from './retention.js';
import { type BackupPlan, keptRoot, planOf, writeFiles } from './write_files.js';

/** Held while a backup of a log directory is made, so that there is one at a time. */
const lockName = 'backup.lock';

const namesTriedMax = 5;

export interface BackupReport {
  readonly name: string;
  readonly place: string;
  readonly type: 'full' | 'incremental';
  readonly base: string | null;
  readonly records: number;
  readonly assertions: number;
  readonly root: string;
  readonly position: string;
  readonly copiedBytes: number;
  /** Bytes that an earlier backup holds. */
  readonly referredBytes: number;
  readonly seconds: number;
  readonly hasIdentity: boolean;
  /** Whole records behind the last one that nothing shows to be durable: left out. */
  readonly unproven: number;
  /** False when the log directory could not be told, and the server's metrics do not know. */
  readonly isNoted: boolean;
  /** Names of backups that were removed. */
  readonly removed: readonly string[];
  /** Why others that should be removed were not; null when all were. */
  readonly notRemoved: string | null;
  /** Names of backups whose metadata cannot be read. */
  readonly damaged: readonly string[];
  /** Names of backups that a newer version wrote. */
  readonly tooNew: readonly string[];
}

/** What is not in the metadata. */
type Aside = Pick<
  BackupReport,
  'seconds' | 'isNoted' | 'removed' | 'notRemoved' | 'damaged' | 'tooNew' | 'unproven'
>;

/** What a dry run can say: nothing was read but the end of the log. */
export type BackupForecast = Pick<
  BackupReport,
  | 'place'
  | 'type'
  | 'base'
  | 'records'
  | 'copiedBytes'
  | 'referredBytes'
  | 'removed'
  | 'damaged'
  | 'tooNew'
>;

export type BackupOutcome =
  | { readonly type: 'made'; readonly report: BackupReport }
  | { readonly type: 'forecast'; readonly forecast: BackupForecast };

export const takeBackup = async (input: BackupInput): Promise<Outcome<BackupOutcome>> => {
  try {
    return await storeErrors(() => takeAlone(input));
  } catch (error) {
    if (diskErrorCode(error) === '') throw error;
    return fail(unreadable(input.walDir, error));
  }
};

const unreadable = (walDir: string, cause: unknown): StemeError => {
  const code = diskErrorCode(cause);
  const isRight = ['EACCES', 'EPERM', 'EROFS'].includes(code);
  const todo = isRight
    ? `A backup reads the files there and writes ${lockName}; run it as the user of the server.`
    : 'Look at the disk; the backup was not made.';
  const detail = `The log in ${walDir} cannot be backed up (${code}). ${todo}`;
  return { code: isRight ? 'data_directory_unwritable' : 'log_failed', detail, cause };
};

/** Rejects with errors of the disk and of the place. */
const takeAlone = async (input: BackupInput): Promise<Outcome<BackupOutcome>> => {
  const { disk, walDir } = input;
  const read = (await disk.exists(walDir)) ? await readIdentity(disk, walDir) : ok(undefined);
  if (!read.ok) return read;
  const identity = read.value;
  if (await disk.exists(`${walDir}/${renewalFileName}`)) return fail(renewing(walDir));
  if (await disk.exists(`${walDir}/${repairingFileName}`)) return repairCutOff(walDir);
  if (identity === undefined) {
    return fail(noLog(walDir, 'database'));
  }
  if (input.isDryRun) return backUp(input, identity);
  const lock = await disk.lock(`${walDir}/${lockName}`);
  if (lock === undefined) {
    const detail = `Another backup of ${walDir} is being made; wait for its end.`;
    return fail({ code: 'data_directory_locked', detail });
  }
  try {
    return await backUp(input, identity);
  } finally {
    await lock.release();
  }
};

const renewing = (walDir: string): StemeError => ({
  code: 'conflict',
  detail: `A change of the identity of ${walDir} was cut off; run "stemedb identity renew" first.`,
});

const backUp = async (input: BackupInput, identity: Identity): Promise<Outcome<BackupOutcome>> => {
  const startedMs = input.clock.monotonicMs();
  const kept = await keptRoot(input, identity);
  if (!kept.ok) return kept;
  const { disk, sleep, walDir: directory } = input;
  const provenSequence = kept.value?.size ?? 0;
  const extent = await durableEnd({ disk, directory, sleep, provenSequence });
  if (!extent.ok) return extent;
  if (extent.value.segments.length === 0) {
    return fail(noLog(directory));
  }
  const found = await findBackups(input.store);
  const base = input.isIncremental ? await chooseBase(input.store, found, identity) : undefined;
  const plan = planOf(extent.value, base, kept.value, newestOf(found, identity));
  if (!plan.ok) return plan;
  if (input.isDryRun) {
    return ok({ type: 'forecast', forecast: forecastOf(input, identity, plan.value, found) });
  }
  const name = await claimName(input, identity);
  if (!name.ok) return name;
  const written = await writeAll(input, identity, plan.value, { name: name.value, found });
  if (!written.ok) return written;
  const finishedAtMs = input.clock.wallMs();
  const { metadata, found: after } = written.value;
  const note = { finishedAtMs, position: metadata.record_count, name: metadata.name };
  // A full disk is when a backup is wanted most: it is made, whether it can be noted or not.
  const isNoted = await noteOperation(disk, directory, 'backup', note).then(
    () => true,
    () => false,
  );
  const others = refersTo(metadata.name, metadata.segments);
  const made = { ...identity, name: name.value, refersTo: others };
  const { removed, notRemoved } = await retain(input, made, after);
  const seconds = (input.clock.monotonicMs() - startedMs) / 1000;
  const { unproven } = extent.value;
  const unread = unreadOf(after);
  const aside: Aside = { seconds, isNoted, removed, notRemoved, unproven, ...unread };
  return ok({ type: 'made', report: { ...reportOf(input, metadata), ...aside } });
};

/** A name that nothing stands under, taken by the first object of the backup. */
const claimName = async (
  { store, clock, sleep }: BackupInput,
  { databaseId, logId }: Identity,
): Promise<Outcome<string>> => {
  const started = encodeStarted({ databaseId, logId });
  for (let tries = 0; tries < namesTriedMax; tries += 1) {
    const wallMs = clock.wallMs();
    const name = backupNameAt(wallMs);
    let isFree = true;
    for await (const _ of store.list(`${name}/`)) isFree = false;
    const put = isFree
      ? await store.put(`${name}/${startedName}`, started, { ifAbsent: true })
      : '';
    if (put === 'stored') return ok(name);
    await sleep(1000 - (wallMs % 1000));
  }
  const detail = `Other backups at ${store.place} take every name; try again later.`;
  return fail({ code: 'conflict', detail });
};

/** A backup under a name, and what was there before. */
interface Begun {
  readonly name: string;
  readonly found: readonly FoundBackup[];
}

/**
 * All files, the metadata last; what a failure leaves is removed if the store lets us. Whoever
 * removes backups sees from the metadata what is needed; what went before that is looked for.
 */
const writeAll = async (
  input: BackupInput,
  identity: Identity,
  plan: BackupPlan,
  { name, found: before }: Begun,
): Promise<
  Outcome<{ readonly metadata: BackupMetadata; readonly found: readonly FoundBackup[] }>
> => {
  const { store } = input;
  let isComplete = false;
  try {
    const written = await writeFiles(input, identity, plan, name);
    if (!written.ok) return written;
    const bytes = encodeMetadata(written.value);
    await store.put(`${name}/${metadataName}`, bytes);
    const metadata: BackupMetadata = { ...written.value, format: 1, checksum: '' };
    const found = await findBackups(store, before);
    const [missing] = missingOf(found, metadata);
    if (missing !== undefined) return fail(taken(store, missing));
    isComplete = true;
    // Beside the metadata it has no meaning any more.
    await store.remove(`${name}/${startedName}`).catch(() => undefined);
    return ok({ metadata, found });
  } finally {
    if (!isComplete) await discard(store, name).catch(() => undefined);
  }
};

const taken = ({ place }: ObjectStore, { backup, name }: BackupSegment): StemeError => ({
  code: 'conflict',
  detail:
    `The file ${backup}/${name} at ${place} went while a backup was made that needs it: another ` +
    'removed it. The backup was given up; make it again, and let one at a time remove backups.',
});

const discard = async (store: ObjectStore, name: string): Promise<void> => {
  const files = new Map<string, number>();
  for await (const { key, bytes } of store.list(`${name}/`)) files.set(key, bytes);
  await removeBackup(store, { name, files });
};

/** The backup is made whatever becomes of this: a place may let nobody remove anything. */
const retain = async (
  { store, clock, retention }: BackupInput,
  made: Made,
  found: readonly FoundBackup[],
): Promise<Pick<BackupReport, 'removed' | 'notRemoved'>> => {
  const plan = planRetention(found, made, retention, clock.wallMs());
  const gone = new Set<FoundBackup>();
  const done = await storeErrors(async () => {
    // The newest first: one that refers to another goes before that.
    for (const backup of plan.removed.toReversed()) {
      // What is left when this is cut off is then known as ours, and goes the next time.
      await store.put(`${backup.name}/${startedName}`, encodeStarted(made));
      await removeBackup(store, backup);
      gone.add(backup);
    }
    return ok(undefined);
  });
  const removed = namesOf(plan.removed.filter((backup) => gone.has(backup)));
  return { removed, notRemoved: done.ok ? null : done.error.detail };
};

const namesOf = (found: readonly FoundBackup[]): readonly string[] => found.map(({ name }) => name);

const unreadOf = (found: readonly FoundBackup[]): Pick<BackupReport, 'damaged' | 'tooNew'> => ({
  damaged: namesOf(found.filter(({ state }) => state === 'damaged')),
  tooNew: namesOf(found.filter(({ state }) => state === 'too_new')),
});

const forecastOf = (
  { store, clock, retention }: BackupInput,
  identity: Identity,
  plan: BackupPlan,
  found: readonly FoundBackup[],
): BackupForecast => {
  const name = 'the one that would be made';
  const made = { ...identity, name, refersTo: refersTo(name, plan.referred) };
  const { removed } = planRetention(found, made, retention, clock.wallMs());
  return {
    place: store.place,
    type: plan.base === undefined ? 'full' : 'incremental',
    base: plan.base?.name ?? null,
    records: plan.extent.lastSequence,
    copiedBytes: plan.copiedBytes,
    referredBytes: plan.referredBytes,
    removed: namesOf(removed),
    ...unreadOf(found),
  };
};

const reportOf = (
  { store }: BackupInput,
  metadata: BackupMetadata,
): Omit<BackupReport, keyof Aside> => {
  const { name, type, base, segments, files } = metadata;
  const bytesOf = (all: readonly { readonly bytes: number }[]): number =>
    all.reduce((sum, { bytes }) => sum + bytes, 0);
  const own = segments.filter(({ backup }) => backup === name);
  return {
    name,
    place: store.place,
    type,
    base,
    records: metadata.record_count,
    assertions: metadata.assertion_count,
    root: metadata.root,
    position: metadata.position,
    copiedBytes: bytesOf(own) + bytesOf(files),
    referredBytes: bytesOf(segments) - bytesOf(own),
    hasIdentity: files.some((file) => file.name === 'identity'),
  };
};
