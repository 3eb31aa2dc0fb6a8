/** A backup of which files are damaged or gone, with what other backups of its log have signed. */
import { type Outcome, ok } from '@stemedb/model';
import type { ObjectStore } from '../../io/object_store.js';
import { openBackupCopy } from '../backup/backup_copy.js';
import { findBackups } from '../backup/places.js';
import { storeErrors } from '../store_errors.js';
import { type HoledCopy, holedCopy } from './holed_copy.js';

/** Errors as `openBackupCopy`: without its metadata nothing of a backup can be told. */
export const openHoledBackup = (store: ObjectStore, name: string): Promise<Outcome<HoledCopy>> =>
  storeErrors(async () => {
    const opened = await openBackupCopy(store, name);
    if (!opened.ok) return opened;
    const { logId } = opened.value.facts;
    const notes = new Map<string, string>();
    for (const found of await findBackups(store)) {
      if (found.state !== 'complete' || found.metadata.log_id !== logId) continue;
      notes.set(found.name, found.metadata.checkpoint);
    }
    return ok(holedCopy(opened.value, notes));
  });
