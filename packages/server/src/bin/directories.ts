/** The two directories of a database: made when missing, locked against a second process. */
import { type Outcome, ok } from '@stemedb/model';
import type { Disk, DiskLock } from '../io/disk.js';
import { lockDirectory } from '../log/directory.js';

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
    const locked = await lockDirectory(disk, directory);
    if (!locked.ok) {
      await release();
      return locked;
    }
    locks.push(locked.value);
  }
  return ok(release);
};
