/** What an incremental backup goes on from. */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { DurableEnd } from '../durable_end.js';
import type { BackupMetadata } from './metadata.js';
import { newerFirst } from './order.js';
import type { FoundBackup, StartedBy } from './places.js';

/**
 * The newest sound backup of the same log; undefined when there is none, and a full one is due.
 * `log_altered` when the log has less than that: what it had was taken away from it.
 */
export const chooseBase = (
  found: readonly FoundBackup[],
  of: StartedBy,
  { lastSequence }: DurableEnd,
): Outcome<BackupMetadata | undefined> => {
  const sizes = new Map(found.flatMap(({ files }) => [...files]));
  const [newest] = found
    .flatMap((backup) => (backup.state === 'complete' ? [backup.metadata] : []))
    .filter((backup) => backup.database_id === of.databaseId && backup.log_id === of.logId)
    .filter((backup) => isThere(backup, sizes))
    .sort(newerFirst);
  if (newest === undefined || newest.record_count <= lastSequence) return ok(newest);
  const detail =
    `The backup ${newest.name} has ${newest.record_count} records of this log, which ends with ` +
    `record ${lastSequence} now: the log was set back. Keep both, and look at "stemedb verify".`;
  return fail({ code: 'log_altered', detail });
};

/** Every file is there with its length; what is in them is for `stemedb verify`. */
const isThere = ({ segments }: BackupMetadata, sizes: ReadonlyMap<string, number>): boolean =>
  segments.every(({ backup, name, bytes }) => sizes.get(`${backup}/${name}`) === bytes);
