/**
 * The two trees of an LMDB file as of the state that the library will open, read from the file.
 *
 * Layout (lmdb.h and mdb.c of the library's LMDB, 64 bits, little endian): a page begins with a
 * head of 24 bytes. A meta page has behind it MDB_meta: magic at 0, records of the free list's tree
 * at 24 and of the main tree at 72, last page used at 120, transaction at 128, boot at 136. There
 * is one in each of the first two pages, and a third in the middle of the first: the last synced
 * state.
 */
import type { DiskFile } from '../io/disk.js';

export const pageHeadBytes = 24;
/** Root of a tree without entries. */
export const noPage: bigint = 2n ** 64n - 1n;
const metaBytes = 144;
const pageBytesMin = 512;
const pageBytesMax = 65_536;
const magic = 0xbeefc0de;
/** Flag of a state that was visible before it was synced. */
const unsyncedFlag = 0x1000;

export interface TreeRecord {
  readonly depth: number;
  readonly branchPages: bigint;
  readonly leafPages: bigint;
  readonly overflowPages: bigint;
  readonly entries: bigint;
  readonly root: bigint;
}

export interface Meta {
  readonly pageBytes: number;
  readonly freeList: TreeRecord;
  readonly main: TreeRecord;
  readonly lastPage: bigint;
  readonly transaction: bigint;
  readonly boot: bigint;
  readonly isUnsynced: boolean;
}

/**
 * The state that the library opens: the newest, unless the machine was started anew since and its
 * pages may not have reached the disk (mdb_pick_meta). Undefined when the file has no valid head.
 * `boot`: what the kernel calls this boot; undefined when that cannot be read, by the library
 * neither, and then only a synced state counts. The pages of that one are whole in any case.
 */
export async function openedMeta(
  file: DiskFile,
  boot: bigint | undefined,
): Promise<Meta | undefined> {
  const first = await readMeta(file, 0);
  if (first === undefined) return undefined;
  const second = await readMeta(file, first.pageBytes);
  const synced = await readMeta(file, first.pageBytes / 2, first.pageBytes);
  if (second === undefined) return undefined;
  const newest = picked(first, second, boot);
  return synced === undefined ? newest : picked(newest, synced, boot);
}

/** The library's choice, to the letter: of two of one transaction it takes the first. */
function picked(one: Meta, other: Meta, boot: bigint | undefined): Meta {
  if (other.transaction === 0n) return one;
  const newest = one.transaction >= other.transaction ? one : other;
  const isOfThisBoot = newest.boot !== 0n && newest.boot === boot;
  if (isOfThisBoot || !newest.isUnsynced) return newest;
  return one.transaction > other.transaction ? other : one;
}

/** The meta of a page that begins there; `knownBytes`: the size of a page, where it has no head. */
async function readMeta(
  file: DiskFile,
  position: number,
  knownBytes?: number,
): Promise<Meta | undefined> {
  const bytes = Buffer.alloc(pageHeadBytes + metaBytes);
  if ((await file.read(bytes, 0, bytes.length, position)) !== bytes.length) return undefined;
  const meta = bytes.subarray(pageHeadBytes);
  if (meta.readUInt32LE(0) !== magic) return undefined;
  const pageBytes = meta.readUInt32LE(24);
  if (pageBytes < pageBytesMin || pageBytes > pageBytesMax) return undefined;
  if (knownBytes !== undefined && pageBytes !== knownBytes) return undefined;
  return {
    pageBytes,
    freeList: treeRecord(meta.subarray(24)),
    main: treeRecord(meta.subarray(72)),
    lastPage: meta.readBigUInt64LE(120),
    transaction: meta.readBigUInt64LE(128),
    boot: meta.readBigInt64LE(136),
    isUnsynced: (meta.readUInt16LE(28) & unsyncedFlag) !== 0,
  };
}

function treeRecord(bytes: Buffer): TreeRecord {
  return {
    depth: bytes.readUInt16LE(6),
    branchPages: bytes.readBigUInt64LE(8),
    leafPages: bytes.readBigUInt64LE(16),
    overflowPages: bytes.readBigUInt64LE(24),
    entries: bytes.readBigUInt64LE(32),
    root: bytes.readBigUInt64LE(40),
  };
}
