/**
 * The file `tree` beside the store: roots of groups and of the complete subtrees above them, in the
 * order in which they come to be. It is a view of the log; deleted or damaged, it is made anew.
 *
 *     header, 64 bytes                          entry, 56 bytes
 *       0 magic, 8 bytes                          0 hash, 32 bytes
 *       8 format version u32                     32 log offset of the first frame below u64
 *      12 level of a group u32                   40 entries synced when this was written u64
 *      16 database id, 16 bytes                  48 number of the entry, modulo 2^32, u32
 *      32 log id, 16 bytes                       52 CRC-32C u32
 *      48 zeros
 *      60 CRC-32C u32
 *
 * Each subtree stands right behind its right half, so the place of every one follows from its level
 * and index (Cox, golang.org/x/mod/sumdb/tlog, "StoredHashIndex").
 *
 * Failure model: an append ends with a sync, so what a power loss may have torn lies behind the
 * `synced` count of the last good entry, and is checked at opening. Damage elsewhere shows at the
 * CRC when the entry is read.
 */
import { join } from 'node:path';
import { crc32c } from '@node-rs/crc32';
import type { Disk, DiskFile } from '../../io/disk.js';
import { fillSync } from '../fill.js';
import { readCount, writeCount } from '../format.js';
import { writeWhole } from '../segment_writer.js';
import { groupLevel } from './leaf_group.js';
import { hashBytes } from './tree_hasher.js';

export const treeFileName = 'tree';
/** What opening says when nothing is amiss: a log that is still short has no file. */
export const noTreeFile = 'there is none';
const temporaryName = 'tree.new';

const magic = Buffer.from('ff5354454d455452', 'hex');
const formatVersion = 1;
const headerBytes = 64;
const entryBytes = 56;

/** The root of a complete subtree, and where in the log its first record stands. */
export interface StoredHash {
  readonly hash: Buffer;
  readonly offset: number;
}

export interface TreeFilePlace {
  readonly disk: Disk;
  /** The database directory. */
  readonly directory: string;
  /** 32 hex digits each. */
  readonly databaseId: string;
  readonly logId: string;
}

/** Number of the entry of a subtree; levels are counted from the groups. */
export function entryNumber(level: number, index: number): number {
  // The first group below that is complete with this subtree is written just before it.
  let number = level;
  for (let group = (index + 1) * 2 ** level - 1; group > 0; group = Math.floor(group / 2)) {
    number += group;
  }
  return number;
}

/** Entries that so many groups make. */
export function entriesOf(groups: number): number {
  let entries = 0;
  for (let nodes = groups; nodes > 0; nodes = Math.floor(nodes / 2)) entries += nodes;
  return entries;
}

/** The most groups whose entries are all among the first so many. */
export function groupsWithin(entries: number): number {
  // n groups make 2n entries less the ones among the binary digits of n.
  let groups = Math.floor(entries / 2);
  while (entriesOf(groups + 1) <= entries) groups += 1;
  return groups;
}

export class TreeFile {
  readonly #file: DiskFile;
  #count: number;
  /** Bytes behind the last good entry, found at opening. */
  readonly tornBytes: number;

  private constructor(file: DiskFile, size: number) {
    this.#file = file;
    this.#count = Math.floor((size - headerBytes) / entryBytes);
    this.#count = entriesOf(groupsWithin(this.#soundEntries()));
    this.tornBytes = size - headerBytes - this.#count * entryBytes;
  }

  /** Entries that are there and synced. */
  get count(): number {
    return this.#count;
  }

  /**
   * The file as it stands, or why it is of no use. To be written, it is cut behind the last good
   * entry. Rejects with errors of the disk.
   */
  static async open(place: TreeFilePlace, purpose: 'read' | 'write'): Promise<TreeFile | string> {
    const path = join(place.directory, treeFileName);
    if (!(await place.disk.exists(path))) return noTreeFile;
    const file = await place.disk.open(path, purpose);
    try {
      if (!readAt(file, 0, headerBytes).equals(encodeHeader(place))) {
        await file.close();
        return 'its header is damaged, of another version or of another log';
      }
      const size = await file.size();
      const found = new TreeFile(file, size);
      if (purpose === 'write' && found.tornBytes > 0) await file.truncate(size - found.tornBytes);
      return found;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Makes the file with these entries and puts it in the place of one that is there. */
  static async create(place: TreeFilePlace, entries: readonly StoredHash[]): Promise<TreeFile> {
    const { disk, directory } = place;
    const path = join(directory, temporaryName);
    if (await disk.exists(path)) await disk.remove(path);
    const file = await disk.open(path, 'create');
    try {
      await writeAll(file, encodeHeader(place), 0);
      const made = new TreeFile(file, headerBytes);
      await made.append(entries);
      await disk.rename(path, join(directory, treeFileName));
      await disk.syncDirectory(directory);
      return made;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Writes and syncs. When it rejects, the same entries may be appended again. */
  async append(entries: readonly StoredHash[]): Promise<void> {
    const bytes = Buffer.alloc(entries.length * entryBytes);
    for (const [index, { hash, offset }] of entries.entries()) {
      const at = index * entryBytes;
      hash.copy(bytes, at);
      writeCount(bytes, offset, at + hashBytes);
      writeCount(bytes, this.#count, at + 40);
      bytes.writeUInt32BE((this.#count + index) % 2 ** 32, at + 48);
      bytes.writeUInt32BE(crc32c(bytes.subarray(at, at + 52)), at + 52);
    }
    await writeAll(this.#file, bytes, headerBytes + this.#count * entryBytes);
    await this.#file.datasync();
    this.#count += entries.length;
  }

  /** An entry; undefined when it is damaged. */
  read(number: number): StoredHash | undefined {
    return this.#read(number)?.entry;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #read(number: number): { readonly entry: StoredHash; readonly synced: number } | undefined {
    const bytes = readAt(this.#file, headerBytes + number * entryBytes, entryBytes);
    if (bytes.length < entryBytes) return undefined;
    if (bytes.readUInt32BE(52) !== crc32c(bytes.subarray(0, 52))) return undefined;
    if (bytes.readUInt32BE(48) !== number % 2 ** 32) return undefined;
    const hash = bytes.subarray(0, hashBytes);
    return { entry: { hash, offset: readCount(bytes, 32) }, synced: readCount(bytes, 40) };
  }

  /** Entries up to the first that a power loss has torn. */
  #soundEntries(): number {
    let last = this.#count;
    let synced: number | undefined;
    while (last > 0 && synced === undefined) {
      last -= 1;
      synced = this.#read(last)?.synced;
    }
    if (synced === undefined) return 0;
    for (let number = synced; number <= last; number += 1) {
      if (this.#read(number) === undefined) return number;
    }
    return last + 1;
  }
}

function encodeHeader({ databaseId, logId }: TreeFilePlace): Buffer {
  const header = Buffer.alloc(headerBytes);
  magic.copy(header);
  header.writeUInt32BE(formatVersion, 8);
  header.writeUInt32BE(groupLevel, 12);
  header.write(databaseId, 16, 16, 'hex');
  header.write(logId, 32, 16, 'hex');
  header.writeUInt32BE(crc32c(header.subarray(0, 60)), 60);
  return header;
}

function readAt(file: DiskFile, position: number, length: number): Buffer {
  return fillSync(file, Buffer.alloc(length), position);
}

async function writeAll(file: DiskFile, bytes: Buffer, position: number): Promise<void> {
  const written = await writeWhole(file, bytes, position);
  if (!written.ok) throw written.error.cause;
}
