/** What a backup goes on from, or must at least agree with. */
import type { BackupMetadata } from './metadata.js';
import { newerFirst } from './order.js';
import type { FoundBackup, StartedBy } from './places.js';

/** All of the same log, the newest first. */
const ofLog = (found: readonly FoundBackup[], of: StartedBy): readonly BackupMetadata[] =>
  found
    .flatMap((backup) => (backup.state === 'complete' ? [backup.metadata] : []))
    .filter((backup) => backup.database_id === of.databaseId && backup.log_id === of.logId)
    .sort(newerFirst);

/** What the log had when it was backed up last, whether or not that backup can be restored. */
export const newestOf = (
  found: readonly FoundBackup[],
  of: StartedBy,
): BackupMetadata | undefined => ofLog(found, of)[0];

/** The newest sound backup of the same log; undefined when there is none, and a full one is due. */
export const chooseBase = (
  found: readonly FoundBackup[],
  of: StartedBy,
): BackupMetadata | undefined => {
  const sizes = new Map(found.flatMap(({ files }) => [...files]));
  return ofLog(found, of).find((backup) => isThere(backup, sizes));
};

/** Every file is there with its length; what is in them is for `stemedb verify`. */
const isThere = ({ segments }: BackupMetadata, sizes: ReadonlyMap<string, number>): boolean =>
  segments.every(({ backup, name, bytes }) => sizes.get(`${backup}/${name}`) === bytes);
