/**
 * How many lives in a row ended without closing the store: a number in a small file beside it, that
 * a start raises and an orderly end removes. Damage that makes the library end the process cannot
 * be caught in that life; the next ones see that it happened.
 *
 * Failure model: the number is advice. A file that cannot be read counts as none, one that cannot
 * be written as a start that was not counted; neither keeps a store from being opened.
 */
import type { Disk } from '../io/disk.js';
import { readSmallFile, writeSmallFile } from '../log/small_file.js';

export const uncleanEndsFileName = 'unclean-ends';
const digitsMax = 6;

/** Ends without order since the last orderly one, this directory's life so far included. */
export async function uncleanEnds(disk: Disk, directory: string): Promise<number> {
  const path = `${directory}/${uncleanEndsFileName}`;
  try {
    if (!(await disk.exists(path))) return 0;
    const text = Buffer.from(await readSmallFile(disk, path, digitsMax)).toString('latin1');
    return /^\d+$/.test(text) ? Number(text) : 0;
  } catch {
    return 0;
  }
}

/** Counts a life that begins; `ends`: those before it that count. */
export async function beginLife(disk: Disk, directory: string, ends: number): Promise<void> {
  const count = Buffer.from(String(ends + 1));
  const path = `${directory}/${uncleanEndsFileName}`;
  await writeSmallFile(disk, path, count).catch(() => undefined);
}

/** The store was closed. */
export async function endLife(disk: Disk, directory: string): Promise<void> {
  const path = `${directory}/${uncleanEndsFileName}`;
  try {
    if (await disk.exists(path)) await disk.remove(path);
  } catch {
    // The next start counts one more than there were.
  }
}
