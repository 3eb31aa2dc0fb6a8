/**
 * The files of a copy as a disk that can only be read. A file is fetched whole, and held against
 * its length and hash before a byte of it is handed out: no reader of a copy ever works on damage.
 * Memory: each open file; segments are opened one after the other.
 */
import { createHash } from 'node:crypto';
import type { DiskFile, ReadDisk } from '../io/disk.js';
import { CopyDamagedError } from './log_copy.js';

export interface CopiedFile {
  /** In the copy's directory. */
  readonly name: string;
  /** To name it by when it is damaged: where it really is. */
  readonly place: string;
  readonly bytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
  /** The file as it is now; undefined when there is none. */
  load(): Promise<Uint8Array | undefined>;
}

export const sha256Hex = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The bytes of a file; rejects with `CopyDamagedError`, and with what `load` rejects with. */
export const loadChecked = async (file: CopiedFile): Promise<Uint8Array> => {
  const bytes = await file.load();
  if (bytes === undefined) throw new CopyDamagedError(file.place, 'it is missing');
  if (bytes.length !== file.bytes) {
    const what = `it has ${bytes.length} bytes instead of ${file.bytes}`;
    throw new CopyDamagedError(file.place, what);
  }
  if (sha256Hex(bytes) === file.sha256) return bytes;
  throw new CopyDamagedError(file.place, 'its SHA-256 is that of another content');
};

/** A disk that holds these files in `directory`. */
export const copyDisk = (directory: string, files: readonly CopiedFile[]): ReadDisk => {
  const named = new Map(files.map((file) => [`${directory}/${file.name}`, file]));
  return {
    list: async (path) => {
      if (path !== directory) throw absent(path);
      return files.map(({ name }) => name).sort();
    },
    exists: async (path) => path === directory || named.has(path),
    open: async (path, purpose) => {
      if (purpose !== 'read') throw refused(path);
      const file = named.get(path);
      if (file === undefined) throw absent(path);
      return new BytesFile(await loadChecked(file));
    },
  };
};

const withCode = (code: string, message: string): Error =>
  Object.assign(new Error(`${code}: ${message}`), { code });

const absent = (path: string): Error => withCode('ENOENT', `${path} is not in the copy`);

const refused = (path: string): Error => withCode('EROFS', `${path} is of a copy`);

/** Bytes in memory, as a file that can only be read. */
export class BytesFile implements DiskFile {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  async read(target: Uint8Array, offset: number, length: number, position: number) {
    return this.readSync(target, offset, length, position);
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    const bytes = this.#bytes.subarray(position, position + length);
    target.set(bytes, offset);
    return bytes.length;
  }

  write(): Promise<number> {
    return Promise.reject(refused('it'));
  }

  datasync(): Promise<void> {
    return Promise.resolve();
  }

  truncate(): Promise<void> {
    return Promise.reject(refused('it'));
  }

  async size(): Promise<number> {
    return this.#bytes.length;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
