/** Places of backups and archives that the command line names. */

import { type Outcome, ok } from '@stemedb/model';
import type { Command } from 'commander';
import type { ObjectStore } from '../io/object_store.js';
import { openObjectStore } from '../io/open_object_store.js';
import { readIdentity } from '../log/identity.js';
import { type OpenArchiveInput, openArchiveCopy } from '../ops/archive/archive_copy.js';
import { findHeads } from '../ops/archive/heads.js';
import { type Unseal, unsealWith } from '../ops/archive/seals.js';
import { openBackupCopy } from '../ops/backup/backup_copy.js';
import { newerFirst } from '../ops/backup/order.js';
import {
  type BackupSummary,
  type FoundBackup,
  findBackups,
  isBackupName,
} from '../ops/backup/places.js';
import type { LogCopy } from '../ops/log_copy.js';
import { openHoledArchive } from '../ops/salvage/holed_archive.js';
import { openHoledBackup } from '../ops/salvage/holed_backup.js';
import type { HoledCopy } from '../ops/salvage/holed_copy.js';
import { storeErrors } from '../ops/store_errors.js';
import { CommandError } from './report.js';
import { type Session, unwrap } from './session.js';

/** A place as the options name it, or as the configuration does. */
export const settingOf = async (session: Session, key: string): Promise<string> => {
  const lines = unwrap(await session.services.readConfig(undefined));
  return lines.find((line) => line.key === key)?.value ?? '';
};

/** `stop` ends whatever is waited for. */
export const openPlace = (session: Session, place: string, stop?: AbortSignal): ObjectStore =>
  unwrap(openObjectStore(place, session.io.env, stop === undefined ? {} : { stop }));

/** Other machines and people read what lies there; a directory is for its owner alone. */
export const isShared = (place: string): boolean => /^s3:\/\//i.test(place);

/** What tells one copy at a place from another, and opens what is encrypted. */
export interface CopyOptions {
  /** Id of an archived log. */
  readonly log?: string | undefined;
  /** File of age secret keys. */
  readonly identity?: string;
  /** Of all copies at a place, only those of this log are of use. */
  readonly onlyOf?: string | undefined;
}

/** Adds these options to a command that takes a copy. */
export const withCopyOptions = (command: Command): Command =>
  command
    .option('--log <id>', 'which log of an archive (default: the newest)')
    .option(
      '--identity <file>',
      'age secret key of an archive (default: $STEMEDB_ARCHIVE_IDENTITY_FILE)',
    );

/**
 * The copy at a place: a backup by its name, the newest of those that lie there, or an archive
 * where there are none. Where several databases lie, only that of the data directory is meant
 * without being named.
 */
export const openCopy = async (
  session: Session,
  place: string,
  options: CopyOptions = {},
): Promise<LogCopy> => {
  const chosen = await choose(session, place, options);
  const { store } = chosen;
  if (chosen.backup !== undefined) return unwrap(await openBackupCopy(store, chosen.backup));
  return openArchive(session, store, { ...options, log: chosen.log }, openArchiveCopy);
};

/** The same, of which something is damaged. */
export const openHoledCopy = async (
  session: Session,
  place: string,
  options: CopyOptions = {},
): Promise<HoledCopy> => {
  const { store, backup, log } = await choose(session, place, options);
  if (backup !== undefined) return unwrap(await openHoledBackup(store, backup));
  return openArchive(session, store, { ...options, log }, openHoledArchive);
};

/** A backup, or an archive: the newest, or that of a log. */
interface Chosen {
  readonly store: ObjectStore;
  readonly backup?: string;
  readonly log?: string | undefined;
}

const choose = async (session: Session, place: string, options: CopyOptions): Promise<Chosen> => {
  const [, above = '.', name = ''] = /^(?:(.*)\/)?([^/]+)\/*$/.exec(place) ?? [];
  if (isBackupName(name)) {
    return { store: openPlace(session, above === '' ? '/' : above), backup: name };
  }
  const store = openPlace(session, place);
  if (options.log !== undefined) return { store, log: options.log };
  const found = unwrap(await storeErrors(async () => ok(await findBackups(store))));
  if (options.onlyOf !== undefined) return chooseOf(store, found, options.onlyOf);
  const newest = newestOfEach(found);
  if (newest.length === 0) return { store };
  const own = newest.length === 1 ? newest[0] : await ownOf(session, newest);
  if (own === undefined) throw severalDatabases(store, newest);
  const heads = unwrap(await storeErrors(async () => ok(await findHeads(store))));
  const archived = heads.find(({ databaseId }) => databaseId === own.database_id);
  if (archived !== undefined) throw bothThere(store, own.name, archived.logId);
  return { store, backup: own.name };
};

/** The newest backup of one log, or its archive where there is none. */
const chooseOf = (store: ObjectStore, found: readonly FoundBackup[], log: string): Chosen => {
  const backup = completeOf(found).find(({ log_id: id }) => id === log);
  return backup === undefined ? { store, log } : { store, backup: backup.name };
};

/** The newest first. */
const completeOf = (found: readonly FoundBackup[]): readonly BackupSummary[] =>
  found
    .flatMap((backup) => (backup.state === 'complete' ? [backup.metadata] : []))
    .sort(newerFirst);

/** The newest backup of each database, the newest first. */
const newestOfEach = (found: readonly FoundBackup[]): readonly BackupSummary[] => {
  const complete = completeOf(found);
  return complete.filter(
    ({ database_id: id }, index) =>
      complete.findIndex((backup) => backup.database_id === id) === index,
  );
};

/** Either may be the newer one, so neither is taken unasked. */
const bothThere = ({ place }: ObjectStore, backup: string, logId: string): CommandError => {
  const detail =
    `There are backups and an archive of one database at ${place}. Name the backup, as in ` +
    `${place}/${backup}, or the log of the archive, as in --log ${logId}; and give one of them a ` +
    'place of its own.';
  return new CommandError({ code: 'conflict', detail });
};

const ownOf = async (
  { io, directories }: Session,
  newest: readonly BackupSummary[],
): Promise<BackupSummary | undefined> => {
  const read = await readIdentity(io.disk, directories.walDir).catch(() => undefined);
  const own = read?.ok === true ? read.value : undefined;
  return newest.find((backup) => backup.database_id === own?.databaseId);
};

const severalDatabases = (
  { place }: ObjectStore,
  newest: readonly BackupSummary[],
): CommandError => {
  const each = newest.map(
    ({ database_id: id, log_id: log, name }) => `${name} (database ${id}, log ${log})`,
  );
  const detail =
    `There are backups of ${newest.length} databases at ${place}. Name one of them, as in ` +
    `${place}/${newest[0]?.name}. The newest of each: ${each.join(', ')}.`;
  return new CommandError({ code: 'conflict', detail });
};

const openArchive = async <T>(
  session: Session,
  store: ObjectStore,
  { log: logId, identity, onlyOf }: CopyOptions,
  open: (input: OpenArchiveInput) => Promise<Outcome<T>>,
): Promise<T> => {
  const path = identity ?? (await settingOf(session, 'archive_identity_file'));
  const unseal = path === '' ? undefined : await unsealFrom(session, path);
  const opened = await open({ store, unseal, logId });
  if (opened.ok || opened.error.code !== 'not_found') return unwrap(opened);
  if (logId !== undefined && onlyOf === undefined) return unwrap(opened);
  const detail =
    onlyOf === undefined
      ? `There is no complete backup and no archive at ${store.place}.`
      : `There is no complete backup and no archive of the log ${onlyOf} at ${store.place}; a ` +
        'copy of another log does not fit, whatever database it is of.';
  throw new CommandError({ code: 'not_found', detail });
};

const unsealFrom = async ({ io }: Session, path: string): Promise<Unseal> => {
  const text = await io.files.readText(path).catch((cause: unknown) => {
    const detail = `The identity file ${path} cannot be read.`;
    throw new CommandError({ code: 'invalid_configuration', detail, cause });
  });
  return unwrap(await unsealWith(path, text));
};
