/**
 * The lock of a data directory: one process only uses it (spec 4). The kernel gives the lock back
 * when the process ends, however it ends; the file stays.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import { type Disk, type DiskLock, diskErrorCode } from '../io/disk.js';

export const lockFileName = 'lock';

/** Locks a directory that is there; undefined when another process has it. */
export const tryLockDirectory = (disk: Disk, directory: string): Promise<DiskLock | undefined> =>
  disk.lock(join(directory, lockFileName));

/** Makes the directory when it is missing and locks it; the lock is held until released. */
export async function lockDirectory(disk: Disk, directory: string): Promise<Outcome<DiskLock>> {
  try {
    await disk.makeDirectory(directory);
    const lock = await tryLockDirectory(disk, directory);
    return lock === undefined ? fail(directoryLocked(directory)) : ok(lock);
  } catch (cause) {
    return fail({
      code: 'data_directory_unwritable',
      detail:
        `The directory ${directory} cannot be made or written (${diskErrorCode(cause)}); ` +
        'give it to the user that runs StemeDB, or name another.',
      cause,
    });
  }
}

export const directoryLocked = (directory: string): StemeError => ({
  code: 'data_directory_locked',
  detail: `Another process uses ${directory}; stop it first, or name another directory.`,
});
