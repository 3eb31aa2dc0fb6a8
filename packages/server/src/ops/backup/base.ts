/** What a backup goes on from, or must at least agree with. */
import type { ObjectStore } from '../../io/object_store.js';
import type { BackupMetadata, BackupSegment } from './metadata.js';
import { newerFirst } from './order.js';
import { type BackupSummary, type FoundBackup, readMetadata, type StartedBy } from './places.js';

/** All of the same log, the newest first. */
const ofLog = (found: readonly FoundBackup[], of: StartedBy): readonly BackupSummary[] =>
  found
    .flatMap((backup) => (backup.state === 'complete' ? [backup.metadata] : []))
    .filter((backup) => backup.database_id === of.databaseId && backup.log_id === of.logId)
    .sort(newerFirst);

/** What the log had when it was backed up last, whether or not that backup can be restored. */
export const newestOf = (found: readonly FoundBackup[], of: StartedBy): BackupSummary | undefined =>
  ofLog(found, of)[0];

/** The newest sound backup of the same log; undefined when there is none, and a full one is due. */
export const chooseBase = async (
  store: ObjectStore,
  found: readonly FoundBackup[],
  of: StartedBy,
): Promise<BackupMetadata | undefined> => {
  for (const { name } of ofLog(found, of)) {
    const read = await readMetadata(store, name);
    if (read.ok && missingOf(found, read.value).length === 0) return read.value;
  }
  return undefined;
};

/** Segments that are not there with their length; what is in them is for `stemedb verify`. */
export const missingOf = (
  found: readonly FoundBackup[],
  { segments }: BackupMetadata,
): readonly BackupSegment[] => {
  const sizes = new Map(found.flatMap(({ files }) => [...files]));
  return segments.filter(({ backup, name, bytes }) => sizes.get(`${backup}/${name}`) !== bytes);
};
