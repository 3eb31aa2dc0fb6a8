/** The two data directories, for a command that must be alone with them. */
import type { Disk, DiskLock } from '../io/disk.js';
import { directoryLocked, tryLockDirectory } from '../log/directory.js';
import { CommandError } from './report.js';
import type { Directories } from './services.js';

/** Locks those that are there, or ends the command because a server has one of them. */
export const lockDirectories = async (
  disk: Disk,
  { walDir, dbDir }: Directories,
): Promise<DiskLock> => {
  const locks: DiskLock[] = [];
  const release = async (): Promise<void> => {
    for (const lock of locks.splice(0)) await lock.release();
  };
  for (const directory of new Set([walDir, dbDir])) {
    if (!(await disk.exists(directory))) continue;
    const lock = await tryLockDirectory(disk, directory);
    if (lock === undefined) {
      await release();
      throw new CommandError(directoryLocked(directory));
    }
    locks.push(lock);
  }
  return { release };
};
