/** The two directories of a database: made when missing, locked against a second process. */
import { join } from 'node:path';
import { fail, type Outcome, ok } from '@stemedb/model';
import { type Disk, type DiskLock, diskErrorCode } from '../io/disk.js';

const lockOne = async (disk: Disk, directory: string): Promise<Outcome<DiskLock>> => {
  try {
    await disk.makeDirectory(directory);
    const lock = await disk.lock(join(directory, 'lock'));
    if (lock !== undefined) return ok(lock);
  } catch (cause) {
    return fail({
      code: 'data_directory_unwritable',
      detail:
        `The directory ${directory} cannot be made or written (${diskErrorCode(cause)}); ` +
        'give it to the user that runs StemeDB, or name another.',
      cause,
    });
  }
  return fail({
    code: 'data_directory_locked',
    detail: `Another process uses ${directory}; stop it first, or name another directory.`,
  });
};

/** Locks all directories or none; the value gives the locks back. */
export const lockDirectories = async (
  disk: Disk,
  directories: readonly string[],
): Promise<Outcome<() => Promise<void>>> => {
  const locks: DiskLock[] = [];
  const release = async (): Promise<void> => {
    for (const lock of locks.splice(0)) await lock.release();
  };
  for (const directory of new Set(directories)) {
    const locked = await lockOne(disk, directory);
    if (!locked.ok) {
      await release();
      return locked;
    }
    locks.push(locked.value);
  }
  return ok(release);
};
