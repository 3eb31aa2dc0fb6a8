/** What an operation on a copy leaves for the metrics of the node that the copy is of. */
import { readIdentity } from '../log/identity.js';
import type { LogCopyFacts } from '../ops/log_copy.js';
import { noteOperation, type OperationName } from '../ops/operations_file.js';
import type { Session } from './session.js';

/**
 * Notes beside the log of the directories that an operation on a copy has succeeded; nothing where
 * they hold another database or none, and no verified archive that is of another log. Rejects with
 * errors of the disk.
 */
export const noteOnCopy = async (
  { io, directories: { walDir } }: Session,
  operation: OperationName,
  { name, databaseId, logId, records }: LogCopyFacts,
): Promise<void> => {
  const identity = await readIdentity(io.disk, walDir).catch(() => undefined);
  if (identity?.ok !== true || identity.value?.databaseId !== databaseId) return;
  // A copy of a log before is still one of this database, and good to have; but of the archive of
  // this log it says nothing, and an alert waits for that.
  if (operation === 'archive_verify' && identity.value.logId !== logId) return;
  const done = { finishedAtMs: io.clock.wallMs(), position: records, name };
  await noteOperation(io.disk, walDir, operation, done);
};
