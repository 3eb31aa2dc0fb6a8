/**
 * The disk as the log sees it. Nothing written is durable before `datasync` (file content) or
 * `syncDirectory` (names) has resolved; between the two an implementation may lose or reorder it.
 * Failures reject with an `Error` that carries a POSIX `code` (`ENOSPC`, `EIO`, ...).
 */
import { constants } from 'node:os';

export interface DiskFile {
  /** Reads up to `length` bytes at `position`; resolves to the count read, 0 at the end. */
  read(target: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  /** The same, at once: for single records that are almost always in the page cache. */
  readSync(target: Uint8Array, offset: number, length: number, position: number): number;
  /** Writes at `position`; resolves to the count written, which may be short. */
  write(source: Uint8Array, position: number): Promise<number>;
  /** Makes content and size durable. */
  datasync(): Promise<void>;
  truncate(size: number): Promise<void>;
  size(): Promise<number>;
  /** Whether the path names this file, and not another or none. */
  isAt(path: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface DiskLock {
  release(): Promise<void>;
}

export interface Disk {
  /** `read`: must exist. `write`: must exist. `create`: must not exist. Mode bits default 0600. */
  open(path: string, purpose: 'read' | 'write' | 'create'): Promise<DiskFile>;
  /** `open` for reading, at once: what `readSync` of a file that is not open yet begins with. */
  openSync(path: string): DiskFile;
  /** Makes a directory and its parents, mode 0700, durably; one that is there is left alone. */
  makeDirectory(path: string): Promise<void>;
  /** Makes names created, renamed or removed in the directory durable. */
  syncDirectory(path: string): Promise<void>;
  /** Replaces `to` atomically when it exists. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Names (not paths) in a directory, sorted bytewise; rejects with ENOENT when it is missing. */
  list(path: string): Promise<readonly string[]>;
  exists(path: string): Promise<boolean>;
  /** Bytes that may still be written to the file system that holds the path. */
  freeBytes(path: string): Promise<number>;
  /** Takes the kernel's exclusive lock on a file (made when missing); undefined when held. */
  lock(path: string): Promise<DiskLock | undefined>;
}

/** A disk, or what is shown as one, to those who only read. */
export type ReadDisk = Pick<Disk, 'list' | 'open' | 'exists'>;

/** What the runtime has no name for and calls UNKNOWN. */
const unnamedCodes: ReadonlyMap<unknown, string> = new Map([[-constants.errno.EDQUOT, 'EDQUOT']]);

/** The POSIX code of a failed disk call (`ENOSPC`, `EIO`, ...); '' when it has none. */
export function diskErrorCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  const unnamed = 'errno' in error ? unnamedCodes.get(error.errno) : undefined;
  return unnamed ?? (typeof error.code === 'string' ? error.code : '');
}
