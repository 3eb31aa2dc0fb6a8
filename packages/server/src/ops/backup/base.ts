/** What a backup goes on from, or must at least agree with. */
import type { BackupMetadata, BackupSegment } from './metadata.js';
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
  return ofLog(found, of).find((backup) => missingOf(found, backup).length === 0);
};

/** Segments that are not there with their length; what is in them is for `stemedb verify`. */
export const missingOf = (
  found: readonly FoundBackup[],
  { segments }: BackupMetadata,
): readonly BackupSegment[] => {
  const sizes = new Map(found.flatMap(({ files }) => [...files]));
  return segments.filter(({ backup, name, bytes }) => sizes.get(`${backup}/${name}`) !== bytes);
};
