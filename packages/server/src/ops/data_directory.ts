/** What the offline commands need to know of the two data directories. */
import type { Disk } from '../io/disk.js';
import { lockFileName } from '../log/directory.js';
import { unfinishedMarkerName } from '../log/restoring_file.js';

const isNothing: readonly string[] = [lockFileName, unfinishedMarkerName];

/** True when the directory is missing, or holds nothing but a lock file or half a marker. */
export const isEmptyDirectory = async (disk: Disk, directory: string): Promise<boolean> => {
  if (!(await disk.exists(directory))) return true;
  return (await disk.list(directory)).every((name) => isNothing.includes(name));
};

/** Directories of the log directory that are part of the database, beside the log. */
export const directoriesBeside: readonly string[] = ['admin', 'audit'];
