/**
 * A log directory as it would be with some of its files put right or left out: what a repair is
 * examined on before a byte is changed. Memory: each open file that was put right.
 */
import { join } from 'node:path';
import type { ReadDisk } from '../../io/disk.js';
import { BytesFile } from '../bytes_file.js';

/** By file name: the bytes that are to be there, or undefined for a file that is not to be. */
export type Patches = ReadonlyMap<string, (() => Promise<Uint8Array>) | undefined>;

export const patchedDisk = (disk: ReadDisk, directory: string, patches: Patches): ReadDisk => {
  const patchOf = new Map([...patches].map(([name, load]) => [join(directory, name), { load }]));
  return {
    list: async (path) => {
      const names = await disk.list(path);
      if (path !== directory) return names;
      const others = names.filter((name) => !patches.has(name));
      const loaded = [...patches].flatMap(([name, load]) => (load === undefined ? [] : [name]));
      return [...others, ...loaded].sort();
    },
    exists: async (path) => {
      const patch = patchOf.get(path);
      return patch === undefined ? disk.exists(path) : patch.load !== undefined;
    },
    open: async (path, purpose) => {
      const load = patchOf.get(path)?.load;
      if (load === undefined) return disk.open(path, purpose);
      return new BytesFile(await load());
    },
  };
};
