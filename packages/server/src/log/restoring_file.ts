/**
 * The file `restoring` in a log directory: a restore has begun and not ended. The file `identity`
 * is written last and ends it, so the marker without an identity says that what is there is not
 * whole; beside an identity it is only left over and means nothing.
 */
import { join } from 'node:path';
import { fail, type Outcome } from '@stemedb/model';
import type { Disk, ReadDisk } from '../io/disk.js';
import { replaceSmallFile } from './small_file.js';

export const restoringFileName = 'restoring';

export const isRestoreCutOff = async (
  disk: Pick<ReadDisk, 'exists'>,
  directory: string,
): Promise<boolean> =>
  (await disk.exists(join(directory, restoringFileName))) &&
  !(await disk.exists(join(directory, 'identity')));

/** What is left of a marker whose making was cut off; it marks nothing. */
export const unfinishedMarkerName = `${restoringFileName}.new`;

/** Durable when it resolves. Rejects with errors of the disk. */
export const markRestoring = (disk: Disk, directory: string): Promise<void> => {
  const text = 'A restore into this directory has begun and not ended. Run it again.\n';
  return replaceSmallFile(disk, directory, restoringFileName, new TextEncoder().encode(text));
};

export const restoreCutOff = (directory: string): Outcome<never> =>
  fail({
    code: 'conflict',
    detail:
      `A restore into ${directory} was begun and not ended: what is there is not whole. Run ` +
      '"stemedb restore" into it once more; it starts over.',
  });
