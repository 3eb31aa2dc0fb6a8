/**
 * A disk in memory that keeps the promises of the seam and no other: what was not synced may be
 * lost, kept, torn or reordered by `crash`, names as well as content, all chosen by a seed. A hook
 * sees every operation before it happens and may fail it or cut the power.
 */
import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskLock } from '../../src/io/disk.js';
import { SeededRandom } from './seeded_random.js';
import { type Loss, SimulatedInode } from './simulated_inode.js';

export type OperationType =
  | 'open'
  | 'create'
  | 'read'
  | 'write'
  | 'datasync'
  | 'truncate'
  | 'rename'
  | 'remove'
  | 'syncDirectory'
  | 'list';

/** The operations that change the disk: a power cut after one of them is a different world. */
export const changingOperations: ReadonlySet<OperationType> = new Set([
  'create',
  'write',
  'datasync',
  'truncate',
  'rename',
  'remove',
  'syncDirectory',
]);

export interface Operation {
  readonly type: OperationType;
  readonly path: string;
  /** Bytes of a write. */
  readonly bytes?: number;
}

export type Fault =
  /** Rejects with this POSIX code. A failed sync leaves pages that read well and are not there. */
  | { readonly type: 'error'; readonly code: string }
  /** Writes only so many bytes. */
  | { readonly type: 'short'; readonly bytes: number }
  /** The bytes of a write land elsewhere in the file; the writer is told all is well. */
  | { readonly type: 'misdirect'; readonly position: number }
  /** A sync that says it has done its work, and has not. */
  | { readonly type: 'lie' }
  /** The operation does not happen, nor any after it. */
  | { readonly type: 'power off' };

class DiskError extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: simulated, ${path}`);
    this.code = code;
  }
}

interface NameChange {
  readonly removed: string | undefined;
  readonly set: { readonly name: string; readonly inode: SimulatedInode } | undefined;
  /** Of a move between directories, whose two changes happen both or not at all. */
  readonly move?: symbol;
}

interface Directory {
  readonly durable: Map<string, SimulatedInode>;
  readonly current: Map<string, SimulatedInode>;
  readonly pending: NameChange[];
}

export interface SimulatedDiskOptions {
  /** Bytes that fit; without it, more than any test writes. */
  readonly capacityBytes?: number;
}

export class SimulatedDisk implements Disk {
  /** Sees each operation first; what it returns happens instead. */
  hook: ((operation: Operation) => Fault | undefined) | undefined;
  capacityBytes: number;
  readonly #directories = new Map<string, Directory>([['/', emptyDirectory()]]);
  readonly #locks = new Set<string>();
  #isOff = false;
  /** Handles of an earlier life do not work after a crash. */
  #life = 0;

  constructor(options: SimulatedDiskOptions = {}) {
    this.capacityBytes = options.capacityBytes ?? 2 ** 40;
  }

  async open(path: string, purpose: 'read' | 'write' | 'create'): Promise<DiskFile> {
    this.#begin({ type: purpose === 'create' ? 'create' : 'open', path });
    if (purpose !== 'create') return this.#fileOf(path);
    const { directory, name } = this.#locate(path);
    if (directory.current.has(name)) throw new DiskError('EEXIST', path);
    if (this.#freeBytes() <= 0) throw new DiskError('ENOSPC', path);
    const inode = new SimulatedInode();
    change(directory, { removed: undefined, set: { name, inode } });
    return this.#fileOf(path);
  }

  openSync(path: string): DiskFile {
    this.#begin({ type: 'open', path });
    return this.#fileOf(path);
  }

  async makeDirectory(path: string): Promise<void> {
    this.#checkPower(path);
    for (let made = path; !this.#directories.has(made); made = dirname(made)) {
      this.#directories.set(made, emptyDirectory());
    }
  }

  async syncDirectory(path: string): Promise<void> {
    if (this.#begin({ type: 'syncDirectory', path })?.type === 'lie') return;
    const directory = this.#directory(path);
    const moves = new Set(directory.pending.map(({ move }) => move).filter(Boolean));
    for (const pending of directory.pending) applyNames(directory.durable, pending);
    directory.pending.length = 0;
    for (const other of this.#directories.values()) {
      for (const pending of other.pending.filter(({ move }) => moves.has(move))) {
        applyNames(other.durable, pending);
        other.pending.splice(other.pending.indexOf(pending), 1);
      }
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin({ type: 'rename', path: from });
    const { directory, name } = this.#locate(from);
    const target = this.#locate(to);
    const inode = this.#inode(from);
    const set = { name: target.name, inode };
    if (target.directory === directory) return change(directory, { removed: name, set });
    const move = Symbol(from);
    change(target.directory, { removed: undefined, set, move });
    change(directory, { removed: name, set: undefined, move });
  }

  async remove(path: string): Promise<void> {
    this.#begin({ type: 'remove', path });
    const { directory, name } = this.#locate(path);
    if (!directory.current.has(name)) throw new DiskError('ENOENT', path);
    change(directory, { removed: name, set: undefined });
  }

  async list(path: string): Promise<readonly string[]> {
    this.#begin({ type: 'list', path });
    const names = new Set(this.#directory(path).current.keys());
    for (const other of this.#directories.keys()) {
      if (other !== '/' && dirname(other) === path) names.add(other.slice(path.length + 1));
    }
    return [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  async exists(path: string): Promise<boolean> {
    this.#checkPower(path);
    if (this.#directories.has(path)) return true;
    const directory = this.#directories.get(dirname(path));
    return directory?.current.has(nameOf(path)) ?? false;
  }

  async freeBytes(path: string): Promise<number> {
    this.#checkPower(path);
    return Math.max(0, this.#freeBytes());
  }

  async lock(path: string): Promise<DiskLock | undefined> {
    const life = this.#life;
    if (!(await this.exists(path))) await (await this.open(path, 'create')).close();
    if (life !== this.#life) throw new DiskError('EPOWEROFF', path);
    if (this.#locks.has(path)) return undefined;
    this.#locks.add(path);
    return { release: async () => void this.#locks.delete(path) };
  }

  /** Power comes back: everything not synced settles, handles and locks are gone. */
  crash(seed: number, loss: Loss = 'any'): void {
    const random = new SeededRandom(seed);
    const moves = new Map<symbol, boolean>();
    const survives = ({ move }: NameChange): boolean => {
      const known = move && moves.get(move);
      const isKept = known ?? (loss === 'any' ? random.chance(0.5) : loss === 'all kept');
      if (move !== undefined) moves.set(move, isKept);
      return isKept;
    };
    for (const directory of this.#directories.values()) {
      for (const pending of directory.pending) {
        if (survives(pending)) applyNames(directory.durable, pending);
      }
      directory.pending.length = 0;
      directory.current.clear();
      for (const [name, inode] of directory.durable) {
        inode.crash(random, loss);
        directory.current.set(name, inode);
      }
    }
    this.#locks.clear();
    this.#life += 1;
    this.#isOff = false;
  }

  /** The process ends: handles and locks are gone, the page cache stays as it is. */
  kill(): void {
    this.#locks.clear();
    this.#life += 1;
  }

  /** The same disk at this moment, to be crashed in many ways. Without hook, handles and locks. */
  clone(): SimulatedDisk {
    const copy = new SimulatedDisk({ capacityBytes: this.capacityBytes });
    const inodes = new Map<SimulatedInode, SimulatedInode>();
    const cloneOf = (inode: SimulatedInode): SimulatedInode => {
      const known = inodes.get(inode) ?? inode.clone();
      inodes.set(inode, known);
      return known;
    };
    const names = (map: Map<string, SimulatedInode>) =>
      new Map([...map].map(([name, inode]) => [name, cloneOf(inode)] as const));
    for (const [path, { durable, current, pending }] of this.#directories) {
      const changes = pending.map(({ set, ...rest }) => ({
        ...rest,
        set: set && { name: set.name, inode: cloneOf(set.inode) },
      }));
      const directory = { durable: names(durable), current: names(current), pending: changes };
      copy.#directories.set(path, directory);
    }
    return copy;
  }

  /** True when a power loss now could change a file or a name of the directory. */
  hasUnsynced(path: string): boolean {
    const { current, pending } = this.#directory(path);
    return pending.length > 0 || [...current.values()].some((inode) => inode.hasUnsynced);
  }

  /** Bytes of all files together. */
  get usedBytes(): number {
    return this.capacityBytes - this.#freeBytes();
  }

  /** Paths of the files of a directory. */
  pathsIn(path: string): readonly string[] {
    return [...this.#directory(path).current.keys()].map((name) => `${path}/${name}`);
  }

  /** The bytes of a file as they read now; empty when it is not there. */
  peek(path: string): Buffer {
    const directory = this.#directories.get(dirname(path));
    return Buffer.from(directory?.current.get(nameOf(path))?.content() ?? []);
  }

  /** Overwrites bytes on the medium, durably, past every rule. */
  damage(path: string, position: number, bytes: Uint8Array): void {
    this.#inode(path).damage(bytes, position);
  }

  flipBit(path: string, bit: number): void {
    const position = Math.floor(bit / 8);
    const byte = this.peek(path)[position] ?? 0;
    this.damage(path, position, Uint8Array.of(byte ^ (1 << (bit % 8))));
  }

  /** Puts a whole file in place, durably, as somebody else's copying does. */
  put(path: string, bytes: Uint8Array): void {
    const { directory, name } = this.#locate(path);
    const inode = new SimulatedInode();
    inode.damage(bytes, 0);
    directory.current.set(name, inode);
    directory.durable.set(name, inode);
  }

  /** Takes a file away, durably. */
  take(path: string): void {
    const { directory, name } = this.#locate(path);
    directory.current.delete(name);
    directory.durable.delete(name);
  }

  #fileOf(path: string): DiskFile {
    const inode = this.#inode(path);
    const life = this.#life;
    let isOpen = true;
    const begin = (type: OperationType, bytes?: number): Fault | undefined => {
      if (!isOpen || life !== this.#life) throw new DiskError('EBADF', path);
      return this.#begin({ type, path, ...(bytes === undefined ? {} : { bytes }) });
    };
    const readSync: DiskFile['readSync'] = (target, offset, length, position) => {
      begin('read');
      const found = inode.content().subarray(position, position + length);
      target.set(found, offset);
      return found.length;
    };
    return {
      readSync,
      read: async (...place) => readSync(...place),
      write: async (source, position) => {
        const fault = begin('write', source.byteLength);
        return this.#write(inode, path, source, position, fault);
      },
      datasync: async () => {
        try {
          if (begin('datasync')?.type !== 'lie') inode.sync();
        } catch (error) {
          if (!this.#isOff) inode.failSync();
          throw error;
        }
      },
      truncate: async (size) => {
        begin('truncate');
        inode.truncate(size);
      },
      size: async () => inode.size,
      isAt: async (path) => {
        this.#checkPower(path);
        const names = this.#directories.get(dirname(path))?.current;
        return names?.get(nameOf(path)) === inode;
      },
      close: async () => {
        isOpen = false;
      },
    };
  }

  #write(
    inode: SimulatedInode,
    path: string,
    source: Uint8Array,
    position: number,
    fault: Fault | undefined,
  ): number {
    if (fault?.type === 'misdirect') {
      inode.write(source, fault.position);
      return source.byteLength;
    }
    const wanted = fault?.type === 'short' ? fault.bytes : source.byteLength;
    const growth = Math.max(0, position + wanted - inode.size);
    const missing = Math.max(0, growth - Math.max(0, this.#freeBytes()));
    const count = Math.min(wanted, source.byteLength) - missing;
    if (count <= 0 && missing > 0) throw new DiskError('ENOSPC', path);
    inode.write(source.subarray(0, count), position);
    return count;
  }

  /** Counts the operation, and fails it when the hook says so. */
  #begin(operation: Operation): Fault | undefined {
    this.#checkPower(operation.path);
    const fault = this.hook?.(operation);
    if (fault?.type === 'power off') {
      this.#isOff = true;
      this.#checkPower(operation.path);
    }
    if (fault?.type === 'error') throw new DiskError(fault.code, operation.path);
    return fault;
  }

  #checkPower(path: string): void {
    if (this.#isOff) throw new DiskError('EPOWEROFF', path);
  }

  #freeBytes(): number {
    let used = 0;
    for (const directory of this.#directories.values()) {
      for (const inode of directory.current.values()) used += inode.size;
    }
    return this.capacityBytes - used;
  }

  #directory(path: string): Directory {
    const directory = this.#directories.get(path);
    if (!directory) throw new DiskError('ENOENT', path);
    return directory;
  }

  #locate(path: string): { readonly directory: Directory; readonly name: string } {
    return { directory: this.#directory(dirname(path)), name: nameOf(path) };
  }

  #inode(path: string): SimulatedInode {
    const { directory, name } = this.#locate(path);
    const inode = directory.current.get(name);
    if (!inode) throw new DiskError('ENOENT', path);
    return inode;
  }
}

function emptyDirectory(): Directory {
  return { durable: new Map(), current: new Map(), pending: [] };
}

function nameOf(path: string): string {
  return path.slice(dirname(path) === '/' ? 1 : dirname(path).length + 1);
}

function change(directory: Directory, names: NameChange): void {
  applyNames(directory.current, names);
  directory.pending.push(names);
}

function applyNames(names: Map<string, SimulatedInode>, { removed, set }: NameChange): void {
  if (removed !== undefined) names.delete(removed);
  if (set) names.set(set.name, set.inode);
}
