/**
 * A copy that is damaged, opened all the same: what is damaged of it is left out of its files and
 * noted, so that what is whole can be read. Nothing else reads a copy in this way.
 */
import { basename } from 'node:path';
import type { ReadDisk } from '../../io/disk.js';
import { offsetOfName } from '../../log/format.js';
import { BytesFile } from '../bytes_file.js';
import { CopyDamagedError, type LogCopy } from '../log_copy.js';

/** A part of the log that a copy does not have as it was put. */
export interface Hole {
  /** Object or file of the copy; empty when it is not known which one it was. */
  readonly file: string;
  readonly what: string;
  /** Where in the log it begins, counted through all segments. */
  readonly offset: number;
}

export interface HoledCopy {
  /** Its files have holes where they are damaged; none rejects with `CopyDamagedError`. */
  readonly copy: LogCopy;
  /** Those met so far, by file. */
  readonly holes: ReadonlyMap<string, Hole>;
  /** Damage of what only describes the log: heads, lists. */
  readonly faults: readonly CopyDamagedError[];
  /** Signed notes of the log that lie beside the copy, by where they stand. */
  readonly notes: ReadonlyMap<string, string>;
}

/** Where each file is whole or not there: an empty file in the place of one that is damaged. */
export const holedCopy = (copy: LogCopy, notes: ReadonlyMap<string, string>): HoledCopy => {
  const holes = new Map<string, Hole>();
  const disk: ReadDisk = {
    list: (path) => copy.disk.list(path),
    exists: (path) => copy.disk.exists(path),
    open: async (path, purpose) => {
      try {
        return await copy.disk.open(path, purpose);
      } catch (error) {
        if (!(error instanceof CopyDamagedError)) throw error;
        const { file, what } = error;
        holes.set(file, { file, what, offset: offsetOfName(basename(path)) ?? 0 });
        return new BytesFile(new Uint8Array());
      }
    },
  };
  return { copy: { ...copy, disk }, holes, faults: [], notes };
};
