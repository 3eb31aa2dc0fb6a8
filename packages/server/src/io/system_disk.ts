/**
 * The disk of the machine, over node:fs.
 *
 * Writes are `pwrite` on the calling thread: they end in the page cache, and the way through the
 * thread pool costs more than the copy. What may wait for the device (`fdatasync`, big reads,
 * everything about names) goes through the thread pool, so the event loop never stands still.
 */
import * as fs from 'node:fs';
import { dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { tryLock } from 'fs-native-extensions';
import { type Disk, type DiskFile, type DiskLock, diskErrorCode } from './disk.js';

const fileMode = 0o600;
const directoryMode = 0o700;
const interruptedRetriesMax = 16;

const fchown = promisify(fs.fchown);
const fdatasync = promisify(fs.fdatasync);
const fstat = promisify(fs.fstat);
const ftruncate = promisify(fs.ftruncate);
const fsClose = promisify(fs.close);
const fsOpen = promisify(fs.open);

class SystemFile implements DiskFile {
  readonly #fd: number;
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, target, offset, length, position, (error, count) => {
        if (error) reject(error);
        else resolve(count);
      });
    });
  }

  readSync(target: Uint8Array, offset: number, length: number, position: number): number {
    return uninterrupted(() => fs.readSync(this.#fd, target, offset, length, position));
  }

  async write(source: Uint8Array, position: number): Promise<number> {
    return fs.writeSync(this.#fd, source, 0, source.byteLength, position);
  }

  datasync(): Promise<void> {
    return fdatasync(this.#fd);
  }

  truncate(size: number): Promise<void> {
    return ftruncate(this.#fd, size);
  }

  async size(): Promise<number> {
    return (await fstat(this.#fd)).size;
  }

  async isAt(path: string): Promise<boolean> {
    const here = await fstat(this.#fd, { bigint: true });
    const named = await fs.promises.stat(path, { bigint: true }).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR'].includes(diskErrorCode(error))) return undefined;
      throw error;
    });
    return named !== undefined && named.ino === here.ino && named.dev === here.dev;
  }

  /** Closing twice would close whichever file got the number since, so the second is ignored. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await fsClose(this.#fd);
  }
}

/** libuv retries interrupted calls, except `read`; a signal must not look like a bad disk. */
function uninterrupted<T>(call: () => T): T {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return call();
    } catch (error) {
      if (diskErrorCode(error) !== 'EINTR' || attempt === interruptedRetriesMax) throw error;
    }
  }
}

const openFlags = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
} as const;

/**
 * Of what root makes in a directory of another user, that user is the owner: whoever looks after a
 * node as root leaves no file behind that the server cannot open. Undefined: nothing to do.
 */
async function ownerFor(path: string): Promise<fs.Stats | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const directory = await fs.promises.stat(dirname(resolve(path)));
  return directory.uid === 0 ? undefined : directory;
}

async function create(path: string, flags: number): Promise<number> {
  const owner = await ownerFor(path);
  const fd = await fsOpen(path, flags, fileMode);
  try {
    if (owner !== undefined) await fchown(fd, owner.uid, owner.gid);
    return fd;
  } catch (error) {
    await fsClose(fd);
    throw error;
  }
}

async function lock(path: string): Promise<DiskLock | undefined> {
  const fd = await create(path, fs.constants.O_RDWR | fs.constants.O_CREAT);
  try {
    if (tryLock(fd)) return { release: () => fsClose(fd) };
  } catch (error) {
    await fsClose(fd);
    throw error;
  }
  await fsClose(fd);
  return undefined;
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await fs.promises.open(path, fs.constants.O_RDONLY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Level by level: Node's recursive `mkdir` never returns where a parent refuses, as /proc does. */
async function makeDirectory(path: string): Promise<void> {
  const above = dirname(resolve(path));
  const isMade = await makeOne(path).catch(async (error: unknown) => {
    if (diskErrorCode(error) !== 'ENOENT' || above === resolve(path)) throw error;
    await makeDirectory(above);
    return makeOne(path);
  });
  if (isMade) await syncDirectory(above);
}

/** False when the directory was there. */
async function makeOne(path: string): Promise<boolean> {
  try {
    const owner = await ownerFor(path);
    await fs.promises.mkdir(path, { mode: directoryMode });
    if (owner !== undefined) await fs.promises.lchown(path, owner.uid, owner.gid);
    return true;
  } catch (error) {
    const isThere =
      diskErrorCode(error) === 'EEXIST' && (await fs.promises.stat(path)).isDirectory();
    if (isThere) return false;
    throw error;
  }
}

async function freeBytes(path: string): Promise<number> {
  const status = await fs.promises.statfs(path);
  return status.bavail * status.bsize;
}

export const systemDisk: Disk = {
  open: async (path, purpose) =>
    new SystemFile(
      purpose === 'create'
        ? await create(path, openFlags.create)
        : await fsOpen(path, openFlags[purpose]),
    ),
  openSync: (path) => new SystemFile(fs.openSync(path, openFlags.read)),
  makeDirectory,
  syncDirectory,
  rename: (from, to) => fs.promises.rename(from, to),
  remove: (path) => fs.promises.unlink(path),
  list: async (path) =>
    (await fs.promises.readdir(path)).sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    ),
  exists: (path) =>
    fs.promises.access(path).then(
      () => true,
      (error: unknown) => {
        if (diskErrorCode(error) === 'ENOENT') return false;
        throw error;
      },
    ),
  freeBytes,
  lock,
};
