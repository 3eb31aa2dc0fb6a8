/** The names of backups, and what is at a place where they are kept. */
import { fail, formatTime, type Outcome, parseJson } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { type BackupMetadata, decodeMetadata, metadataName, startedName } from './metadata.js';

const namePattern = /^stemedb-backup-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)$/;

export const isBackupName = (text: string): boolean => namePattern.test(text);

/** The name of a backup that is begun at this time. */
export const backupNameAt = (wallMs: number): string => {
  const [day = '', rest = ''] = formatTime(wallMs).split('T');
  return `stemedb-backup-${day.replaceAll('-', '')}-${rest.slice(0, 8).replaceAll(':', '')}`;
};

/** When a backup of this name was begun. */
const timeOfName = (name: string): number => {
  const [, year, month, day, hour, minute, second] = (namePattern.exec(name) ?? []).map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
};

/** Of the metadata what is held of each backup; the segments of a log are tens of thousands. */
export type BackupSummary = Omit<BackupMetadata, 'segments' | 'tree' | 'last_segment' | 'files'>;

/** What stands at a place under the name of a backup. */
export type FoundBackup = {
  readonly name: string;
  /** Sizes of its own files, by key. */
  readonly files: ReadonlyMap<string, number>;
} & (
  | {
      readonly state: 'complete';
      readonly metadata: BackupSummary;
      /** Other backups that have some of its segments. */
      readonly refersTo: readonly string[];
    }
  /** Without metadata: cut off, or being made. `of` is undefined when that is not known. */
  | { readonly state: 'incomplete'; readonly of: StartedBy | undefined; readonly begunMs: number }
  /** Metadata that say nothing: spoiled, or of a version to come. */
  | { readonly state: 'damaged' | 'too_new'; readonly detail: string }
);

/** Whose backup was begun. */
export interface StartedBy {
  readonly databaseId: string;
  readonly logId: string;
}

/**
 * All backups at a place, oldest name first; of those that are known the metadata, which nobody
 * changes, are not read again. Rejects with `ObjectStoreError`.
 */
export const findBackups = async (
  store: ObjectStore,
  known: readonly FoundBackup[] = [],
): Promise<readonly FoundBackup[]> => {
  const knownByName = new Map(known.map((one) => [one.name, one] as const));
  const named = new Map<string, Map<string, number>>();
  for await (const { key, bytes } of store.list('stemedb-backup-')) {
    const name = key.slice(0, key.indexOf('/'));
    if (!isBackupName(name)) continue;
    const files = named.get(name) ?? new Map<string, number>();
    named.set(name, files.set(key, bytes));
  }
  const found: FoundBackup[] = [];
  for (const [name, files] of named) {
    const before = knownByName.get(name);
    const isKnown = before?.state === 'complete' && files.has(`${name}/${metadataName}`);
    found.push(isKnown ? { ...before, files } : await look(store, { name, files }));
  }
  return found;
};

const look = async (
  store: ObjectStore,
  place: Pick<FoundBackup, 'name' | 'files'>,
): Promise<FoundBackup> => {
  const { name, files } = place;
  if (!files.has(`${name}/${metadataName}`)) {
    const of = await startedBy(store, name);
    return { ...place, state: 'incomplete', of, begunMs: timeOfName(name) };
  }
  const read = await readMetadata(store, name);
  if (read.ok) {
    const { segments, tree: _, last_segment: __, files: ___, ...metadata } = read.value;
    return { ...place, state: 'complete', metadata, refersTo: refersTo(read.value.name, segments) };
  }
  const { code, detail } = read.error;
  return { ...place, state: code === 'format_too_new' ? 'too_new' : 'damaged', detail };
};

/** Names of other backups that have some of these segments. */
export const refersTo = (
  name: string,
  segments: readonly { readonly backup: string }[],
): readonly string[] => [
  ...new Set(segments.map(({ backup }) => backup).filter((backup) => backup !== name)),
];

/** The metadata of a backup; `not_found` when there is no complete one of this name. */
export const readMetadata = async (
  store: ObjectStore,
  name: string,
): Promise<Outcome<BackupMetadata>> => {
  const bytes = await store.get(`${name}/${metadataName}`);
  if (bytes !== undefined) return decodeMetadata(bytes, name);
  const detail = `There is no complete backup ${name} at ${store.place}.`;
  return fail({ code: 'not_found', detail });
};

export const encodeStarted = ({ databaseId, logId }: StartedBy): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify({ database_id: databaseId, log_id: logId })}\n`);

const startedBy = async (store: ObjectStore, name: string): Promise<StartedBy | undefined> => {
  const bytes = await store.get(`${name}/${startedName}`);
  const parsed = bytes === undefined ? undefined : parseJson(bytes);
  if (parsed?.ok !== true || typeof parsed.value !== 'object' || parsed.value === null) return;
  const { database_id: databaseId, log_id: logId } = parsed.value as Record<string, unknown>;
  return typeof databaseId === 'string' && typeof logId === 'string'
    ? { databaseId, logId }
    : undefined;
};

/** Gone for good; the metadata first, so that what is left of it is never taken for a backup. */
export const removeBackup = async (
  store: ObjectStore,
  { name, files }: Pick<FoundBackup, 'name' | 'files'>,
): Promise<void> => {
  const last = `${name}/${startedName}`;
  await store.remove(`${name}/${metadataName}`);
  for (const key of files.keys()) if (key !== last) await store.remove(key);
  await store.remove(last);
};
