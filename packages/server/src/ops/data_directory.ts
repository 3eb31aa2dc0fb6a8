/** What the offline commands need to know of the two data directories. */
import { join } from 'node:path';
import type { Disk, DiskLock } from '../io/disk.js';

/** The file whose kernel lock keeps a second process out; it stays when nobody has it. */
const lockName = 'lock';

/** Takes the lock of a directory that is there; undefined when another process has it. */
export const lockDirectory = (disk: Disk, directory: string): Promise<DiskLock | undefined> =>
  disk.lock(join(directory, lockName));

/** True when the directory is missing, or holds nothing but a lock file. */
export const isEmptyDirectory = async (disk: Disk, directory: string): Promise<boolean> => {
  if (!(await disk.exists(directory))) return true;
  return (await disk.list(directory)).every((name) => name === lockName);
};
