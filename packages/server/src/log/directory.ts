/** A data directory: there, writable, and used by one process only (spec 4). */
import { join } from 'node:path';
import { fail, type Outcome, ok } from '@stemedb/model';
import type { Disk, DiskLock } from '../io/disk.js';
import { openFailed } from './failure.js';

/** The kernel releases the lock when the process ends, however it ends. */
const lockName = 'lock';

/** Makes the directory when it is missing and locks it; the lock is held until released. */
export async function lockDirectory(disk: Disk, directory: string): Promise<Outcome<DiskLock>> {
  try {
    await disk.makeDirectory(directory);
    const lock = await disk.lock(join(directory, lockName));
    if (lock) return ok(lock);
  } catch (error) {
    return fail(openFailed(directory, error));
  }
  return fail({
    code: 'data_directory_locked',
    detail:
      `The directory ${directory} is in use by another process. Stop that one first, or give ` +
      'this one a directory of its own.',
  });
}
