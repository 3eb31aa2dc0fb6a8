/**
 * Objects as files below a directory. A put writes a file of a name that is no key, syncs it and
 * renames it (or links it, when nothing may be there yet), then syncs the folder: a reader, and a
 * start after a power cut, finds the old object, the new one or none.
 *
 * What a crash leaves are files whose names begin with `~`; nobody lists them, and the next put
 * into their folder removes those that are older than a day.
 */
import { randomBytes } from 'node:crypto';
import type { Dirent } from 'node:fs';
import * as fs from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { diskErrorCode } from './disk.js';
import {
  checkKey,
  checkObjectBytes,
  isObjectName,
  type ListedObject,
  type ObjectStore,
  ObjectStoreError,
} from './object_store.js';
import { systemDisk } from './system_disk.js';

const unfinishedMark = '~';
const unfinishedAgeMsMax = 24 * 3600 * 1000;

/** A folder may be removed by another process just before something is put into it. */
const putTriesMax = 3;

const faultOfCode: Readonly<Record<string, ObjectStoreError['code']>> = {
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EEXIST: 'invalid',
  ENOTDIR: 'invalid',
  EISDIR: 'invalid',
  ENAMETOOLONG: 'invalid',
  ELOOP: 'invalid',
};

export class DirectoryObjects implements ObjectStore {
  readonly place: string;
  /** Folders that were looked through for what a crash left. */
  readonly #swept = new Set<string>();

  constructor(directory: string) {
    this.place = resolve(directory);
  }

  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly ifAbsent?: boolean } = {},
  ): Promise<'stored' | 'exists'> {
    checkKey(key);
    checkObjectBytes(key, bytes.length);
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#put(this.#pathOf(key), bytes, options.ifAbsent === true);
      } catch (error) {
        if (diskErrorCode(error) !== 'ENOENT' || tries === putTriesMax) throw this.#failed(error);
      }
    }
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    checkKey(key);
    try {
      return await fs.readFile(this.#pathOf(key));
    } catch (error) {
      if (diskErrorCode(error) === 'ENOENT') return undefined;
      throw this.#failed(error);
    }
  }

  async *list(prefix: string): AsyncGenerator<ListedObject> {
    try {
      yield* this.#walk(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async remove(key: string): Promise<void> {
    checkKey(key);
    const path = this.#pathOf(key);
    try {
      await fs.unlink(path);
      await systemDisk.syncDirectory(dirname(path));
      await this.#removeEmptyFolders(dirname(path));
    } catch (error) {
      if (diskErrorCode(error) !== 'ENOENT') throw this.#failed(error);
    }
  }

  #pathOf(key: string): string {
    return join(this.place, ...key.split('/'));
  }

  async #put(path: string, bytes: Uint8Array, ifAbsent: boolean): Promise<'stored' | 'exists'> {
    const folder = dirname(path);
    await systemDisk.makeDirectory(folder);
    await this.#sweep(folder);
    const unfinished = join(folder, `${unfinishedMark}${randomBytes(12).toString('hex')}`);
    let isStored = true;
    try {
      await writeSynced(unfinished, bytes);
      if (ifAbsent) isStored = await linkIfAbsent(unfinished, path);
      else await fs.rename(unfinished, path);
    } finally {
      await fs.unlink(unfinished).catch(() => undefined);
    }
    // What another process put there a moment ago must be as durable as what was put here.
    await systemDisk.syncDirectory(folder);
    return isStored ? 'stored' : 'exists';
  }

  async *#walk(folder: string, prefix: string): AsyncGenerator<ListedObject> {
    for (const { name, isFolder } of await entriesOf(join(this.place, folder))) {
      const key = `${folder}${name}`;
      if (isFolder) {
        const below = `${key}/`;
        const isWanted = below.startsWith(prefix) || prefix.startsWith(below);
        if (isWanted) yield* this.#walk(below, prefix);
      } else if (key.startsWith(prefix)) {
        const bytes = await sizeOf(join(this.place, key));
        if (bytes !== undefined) yield { key, bytes };
      }
    }
  }

  async #sweep(folder: string): Promise<void> {
    if (this.#swept.has(folder)) return;
    this.#swept.add(folder);
    for (const name of await fs.readdir(folder)) {
      if (!name.startsWith(unfinishedMark)) continue;
      const path = join(folder, name);
      const status = await fs.stat(path).catch(() => undefined);
      if (status === undefined || Date.now() - status.mtimeMs < unfinishedAgeMsMax) continue;
      await fs.unlink(path).catch(() => undefined);
    }
  }

  /** The place itself stays. */
  async #removeEmptyFolders(from: string): Promise<void> {
    for (let folder = from; folder.startsWith(this.place + sep); folder = dirname(folder)) {
      const isRemoved = await fs.rmdir(folder).then(
        () => true,
        () => false,
      );
      if (!isRemoved) return;
    }
  }

  #failed(error: unknown): ObjectStoreError {
    if (error instanceof ObjectStoreError) return error;
    const code = diskErrorCode(error);
    const what = error instanceof Error ? error.message : String(error);
    const text = `The directory ${this.place} cannot be used: ${what}.`;
    return new ObjectStoreError(faultOfCode[code] ?? 'unavailable', text, error);
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await fs.open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** False when something was there. */
async function linkIfAbsent(from: string, to: string): Promise<boolean> {
  try {
    await fs.link(from, to);
    return true;
  } catch (error) {
    if (diskErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

interface Entry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** In the order of the keys that they lead to: a folder counts with its slash. */
async function entriesOf(folder: string): Promise<readonly Entry[]> {
  let found: readonly Dirent[];
  try {
    found = await fs.readdir(folder, { withFileTypes: true });
  } catch (error) {
    if (diskErrorCode(error) === 'ENOENT') return [];
    throw error;
  }
  const entries = found
    .filter((entry) => isObjectName(entry.name))
    .map((entry) => ({ name: entry.name, isFolder: entry.isDirectory() }));
  const orderOf = ({ name, isFolder }: Entry): string => (isFolder ? `${name}/` : name);
  return entries.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await fs.stat(path)).size;
  } catch (error) {
    if (diskErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
