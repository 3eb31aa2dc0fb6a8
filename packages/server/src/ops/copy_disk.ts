/**
 * The files of a copy as a disk that can only be read. A file is fetched whole, and held against
 * its length and hash before a byte of it is handed out: no reader of a copy ever works on damage.
 * Memory: each open file; segments are opened one after the other.
 */
import type { ReadDisk } from '../io/disk.js';
import { BytesFile, readOnly } from './bytes_file.js';
import { loadChecked } from './copied_file.js';
import type { CopiedFile } from './log_copy.js';

/** A disk that holds these files in `directory`. */
export const copyDisk = (directory: string, files: readonly CopiedFile[]): ReadDisk =>
  loadedDisk(
    directory,
    files.map((file) => ({ name: file.name, load: () => loadChecked(file) })),
  );

/** The same with files that are loaded in another way. */
export const loadedDisk = (
  directory: string,
  files: readonly { readonly name: string; readonly load: () => Promise<Uint8Array> }[],
): ReadDisk => {
  const named = new Map(files.map((file) => [`${directory}/${file.name}`, file]));
  return {
    list: async (path) => {
      if (path !== directory) throw absent(path);
      return files.map(({ name }) => name).sort();
    },
    exists: async (path) => path === directory || named.has(path),
    open: async (path, purpose) => {
      if (purpose !== 'read') throw readOnly(path);
      const file = named.get(path);
      if (file === undefined) throw absent(path);
      return new BytesFile(await file.load());
    },
  };
};

const absent = (path: string): Error =>
  Object.assign(new Error(`ENOENT: ${path} is not in the copy`), { code: 'ENOENT' });
