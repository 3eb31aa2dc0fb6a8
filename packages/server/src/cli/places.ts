/** Places of backups and archives that the command line names. */

import { ok } from '@stemedb/model';
import type { ObjectStore } from '../io/object_store.js';
import { openObjectStore } from '../io/open_object_store.js';
import { openBackupCopy } from '../ops/backup/backup_copy.js';
import { findBackups, isBackupName, storeErrors } from '../ops/backup/places.js';
import type { LogCopy } from '../ops/log_copy.js';
import { CommandError } from './report.js';
import { type Session, unwrap } from './session.js';

/** A place as the options name it, or as the configuration does. */
export const settingOf = async (session: Session, key: string): Promise<string> => {
  const lines = unwrap(await session.services.readConfig(undefined));
  return lines.find((line) => line.key === key)?.value ?? '';
};

export const openPlace = (session: Session, place: string): ObjectStore =>
  unwrap(openObjectStore(place, session.io.env));

/** Other machines and people read what lies there; a directory is for its owner alone. */
export const isShared = (place: string): boolean => /^s3:\/\//i.test(place);

/** The copy at a place: a backup by its name, or the newest one of those that lie there. */
export const openCopy = async (session: Session, place: string): Promise<LogCopy> => {
  const [, above = '.', name = ''] = /^(?:(.*)\/)?([^/]+)\/*$/.exec(place) ?? [];
  if (isBackupName(name)) {
    return unwrap(await openBackupCopy(openPlace(session, above === '' ? '/' : above), name));
  }
  const store = openPlace(session, place);
  const found = unwrap(await storeErrors(async () => ok(await findBackups(store))));
  const newest = found
    .flatMap((backup) => (backup.state === 'complete' ? [backup.metadata] : []))
    .sort((a, b) => a.time_ms - b.time_ms || (a.name < b.name ? -1 : 1))
    .at(-1);
  if (newest !== undefined) return unwrap(await openBackupCopy(store, newest.name));
  const detail = `There is no complete backup at ${store.place}.`;
  throw new CommandError({ code: 'not_found', detail });
};
