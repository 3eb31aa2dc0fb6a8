/**
 * A look at every page that the state of an LMDB file reaches, before the library maps it. The
 * library trusts its pages: a length or a page number that is not what was written makes it read
 * and write outside of them, which ends the process with a signal or harms other memory of it.
 *
 * Each tree is read level by level, the pages of a level in the order of the file: as fast as the
 * disk reads on. What is checked is what the library relies on (mdb.c: mdb_page_get,
 * mdb_node_search, mdb_node_read, mdb_page_alloc): heads, bounds of nodes, order of keys in a page,
 * pages with long values, the counts of the tree, and that no page is used twice or is free and
 * used. Keys and values themselves are not: those have seals.
 *
 * Layout: a page has its number at 0, the transaction that wrote it at 8, flags at 18, the end of
 * the list of nodes at 20 and the beginning of the nodes at 22 (for long values at 20: how many
 * pages), both counted from its head's end, as is each of the list's 2-byte positions. A node has a
 * length of 4 bytes, flags at 4, the key's length at 6, the key at 8; in a branch the first 6 bytes
 * are a page.
 *
 * Memory: a bit for each page of the file and 8 bytes for each page of a level.
 */
import { type Disk, type DiskFile, diskErrorCode } from '../io/disk.js';
import { lookAtLmdbHead, unreadable } from './lmdb_file.js';
import { type Meta, noPage, openedMeta, pageHeadBytes, type TreeRecord } from './lmdb_meta.js';

const branchFlag = 0x01;
const leafFlag = 0x02;
const longFlag = 0x04;
const nodeHeadBytes = 8;
/** In place of a long value: its page, a transaction, how many pages. */
const longReferenceBytes = 24;
/** Flag of a node whose value is long. */
const longValueFlag = 0x01;
/** The library's cursors are no deeper. */
const depthMax = 32;
const readBytesMax = 1024 * 1024;

class PageFault extends Error {
  constructor(page: number, fault: string) {
    super(`page ${page} of the store file is damaged (${fault})`);
  }
}

/**
 * What is wrong with the file in this directory; undefined when it may be opened. What kernel
 * started when decides which state is opened, so its name for this boot is read too.
 */
export async function lmdbPagesFault(disk: Disk, directory: string): Promise<string | undefined> {
  const head = await lookAtLmdbHead(disk, directory);
  if ('fault' in head) return head.fault;
  const path = `${directory}/data.mdb`;
  if (!(await disk.exists(path))) return undefined;
  const file = await disk.open(path, 'read');
  try {
    if ((await file.size()) === 0) return undefined;
    const meta = await openedMeta(file, await readBoot(disk));
    if (meta === undefined) return 'the head of the store file is damaged';
    await new PageWalk(file, meta).run(meta);
    return undefined;
  } catch (error) {
    if (error instanceof PageFault) return error.message;
    if (diskErrorCode(error) === 'EIO') return unreadable;
    throw error;
  } finally {
    await file.close();
  }
}

/** The library takes the first part of the name as a number. */
async function readBoot(disk: Disk): Promise<bigint | undefined> {
  let file: DiskFile | undefined;
  try {
    file = await disk.open('/proc/sys/kernel/random/boot_id', 'read');
    const bytes = Buffer.alloc(64);
    const length = await file.read(bytes, 0, bytes.length, 0);
    const digits = /^[0-9a-f]+/.exec(bytes.toString('latin1', 0, length))?.[0];
    return digits === undefined ? undefined : BigInt(`0x${digits}`);
  } catch {
    // Not there, or hidden from services: the library cannot read it either.
    return undefined;
  } finally {
    await file?.close();
  }
}

/** What the pages of one level refer to. */
class Level {
  readonly children: number[] = [];
  readonly long: LongValue[] = [];
  /** Values of leaves, where they were asked for. */
  readonly values: Buffer[] = [];
  entries = 0;
}

interface LongValue {
  readonly page: number;
  readonly pages: number;
  readonly bytes: number;
}

/** Keys of the free list are the machine's numbers; its values say which pages are free. */
type TreeName = 'main' | 'freeList';

class PageWalk {
  readonly #file: DiskFile;
  readonly #transaction: bigint;
  readonly #pageBytes: number;
  readonly #lastPage: number;
  /** A bit for each page that is used or free. */
  readonly #taken: Uint8Array;

  constructor(file: DiskFile, { pageBytes, lastPage, transaction }: Meta) {
    this.#file = file;
    this.#transaction = transaction;
    this.#pageBytes = pageBytes;
    this.#lastPage = Number(lastPage);
    this.#taken = new Uint8Array((this.#lastPage >>> 3) + 1);
  }

  /** Both trees, and what they leave over; throws `PageFault`. */
  async run({ main, freeList }: Meta): Promise<void> {
    await this.#tree('main', main);
    for (const list of await this.#tree('freeList', freeList))
      this.#freePages(list, Number(freeList.root));
  }

  async #tree(name: TreeName, record: TreeRecord): Promise<readonly Buffer[]> {
    if (record.root === noPage) return [];
    const root = Number(record.root);
    if (record.depth < 1 || record.depth > depthMax) {
      throw new PageFault(root, `a tree of depth ${record.depth}`);
    }
    this.#take(root, 1, root);
    let pages: readonly number[] = [root];
    let branchPages = 0;
    for (let depth = 1; depth < record.depth; depth += 1) {
      const level = new Level();
      branchPages += pages.length;
      await this.#eachPage(pages, (page, bytes) => this.#branch(page, bytes, name, level));
      pages = level.children;
    }
    const leaves = new Level();
    await this.#eachPage(pages, (page, bytes) => this.#leaf(page, bytes, name, leaves));
    let longPages = 0;
    for (const long of leaves.long) {
      leaves.values.push(...(await this.#longValue(long, name)));
      longPages += long.pages;
    }
    const counts = [branchPages, pages.length, longPages, leaves.entries];
    const { leafPages, overflowPages, entries } = record;
    const recorded = [record.branchPages, leafPages, overflowPages, entries].map(Number);
    if (counts.some((count, at) => count !== recorded[at])) {
      throw new PageFault(root, `counts ${counts.join(', ')} where ${recorded.join(', ')} stand`);
    }
    return leaves.values;
  }

  /** Reads pages in the order of the file, those that stand together at once. */
  async #eachPage(
    pages: readonly number[],
    check: (page: number, bytes: Buffer) => void,
  ): Promise<void> {
    const size = this.#pageBytes;
    const ordered = Float64Array.from(pages).sort();
    const buffer = Buffer.alloc(Math.max(size, readBytesMax));
    for (let at = 0; at < ordered.length; ) {
      const first = ordered[at] ?? 0;
      let count = 1;
      while (ordered[at + count] === first + count && (count + 1) * size <= buffer.length) {
        count += 1;
      }
      await this.#read(buffer.subarray(0, count * size), first);
      for (let index = 0; index < count; index += 1) {
        check(first + index, buffer.subarray(index * size, (index + 1) * size));
      }
      at += count;
    }
  }

  async #read(target: Buffer, page: number): Promise<void> {
    for (let filled = 0; filled < target.length; ) {
      const position = page * this.#pageBytes + filled;
      const count = await this.#file.read(target, filled, target.length - filled, position);
      if (count === 0) throw new PageFault(page, 'the file ends in it');
      filled += count;
    }
  }

  #branch(page: number, bytes: Buffer, tree: TreeName, into: Level): void {
    const nodes = this.#nodes(page, bytes, branchFlag);
    if (tree === 'main' && nodes < 2) throw new PageFault(page, `a branch of ${nodes}`);
    let before = 0;
    for (let index = 0; index < nodes; index += 1) {
      const at = this.#nodeAt(page, bytes, index);
      const child = bytes.readUIntLE(at, 6);
      this.#take(child, 1, page);
      into.children.push(child);
      // The first key of a branch stands for everything before the second, and is not compared.
      if (tree === 'main' && index > 1) this.#assertAscends(page, bytes, before, at);
      before = at;
    }
  }

  #leaf(page: number, bytes: Buffer, tree: TreeName, into: Level): void {
    const nodes = this.#nodes(page, bytes, leafFlag);
    into.entries += nodes;
    let before = 0;
    for (let index = 0; index < nodes; index += 1) {
      const at = this.#nodeAt(page, bytes, index);
      const flags = bytes.readUInt16LE(at + 4);
      const isLong = flags === longValueFlag;
      if (!isLong && flags !== 0) throw new PageFault(page, `flags ${flags} of an entry`);
      const length = bytes.readUInt32LE(at);
      const valueAt = at + nodeHeadBytes + bytes.readUInt16LE(at + 6);
      if (valueAt + (isLong ? longReferenceBytes : length) > bytes.length) {
        throw new PageFault(page, `node ${index} is not inside of it`);
      }
      if (isLong) into.long.push(this.#longReference(page, bytes, valueAt, length));
      else if (tree === 'freeList') {
        into.values.push(Buffer.from(bytes.subarray(valueAt, valueAt + length)));
      }
      if (tree === 'main' && index > 0) this.#assertAscends(page, bytes, before, at);
      before = at;
    }
  }

  /** How many nodes a page has, whose head is checked. */
  #nodes(page: number, bytes: Buffer, flag: number): number {
    this.#assertHead(page, bytes, flag);
    const [lower, upper] = [bytes.readUInt16LE(20), bytes.readUInt16LE(22)];
    if (lower % 2 !== 0 || lower > upper || pageHeadBytes + upper > bytes.length) {
      throw new PageFault(page, `nodes listed up to ${lower} that begin at ${upper}`);
    }
    if (lower === 0) throw new PageFault(page, 'no node');
    return lower / 2;
  }

  #assertHead(page: number, bytes: Buffer, flag: number): void {
    const [number, transaction] = [bytes.readBigUInt64LE(0), bytes.readBigUInt64LE(8)];
    if (number !== BigInt(page)) throw new PageFault(page, `it says that it is page ${number}`);
    if (transaction > this.#transaction) {
      throw new PageFault(page, `transaction ${transaction} after ${this.#transaction}`);
    }
    // The upper byte has marks of the writer's memory.
    const flags = bytes.readUInt8(18);
    if (flags !== flag) throw new PageFault(page, `flags ${flags} where ${flag} is expected`);
  }

  /** Where a node begins whose head and key are inside of the page. */
  #nodeAt(page: number, bytes: Buffer, index: number): number {
    const start = bytes.readUInt16LE(pageHeadBytes + 2 * index);
    const at = pageHeadBytes + start;
    const keyAt = at + nodeHeadBytes;
    const isInside = start >= bytes.readUInt16LE(22) && keyAt <= bytes.length;
    if (!isInside || keyAt + bytes.readUInt16LE(at + 6) > bytes.length) {
      throw new PageFault(page, `node ${index} is not inside of it`);
    }
    return at;
  }

  #assertAscends(page: number, bytes: Buffer, before: number, at: number): void {
    const [from, key] = [before + nodeHeadBytes, at + nodeHeadBytes];
    const [fromEnd, keyEnd] = [
      from + bytes.readUInt16LE(before + 6),
      key + bytes.readUInt16LE(at + 6),
    ];
    if (bytes.compare(bytes, key, keyEnd, from, fromEnd) >= 0) {
      throw new PageFault(page, 'its keys do not ascend');
    }
  }

  #longReference(page: number, bytes: Buffer, at: number, length: number): LongValue {
    const first = Number(bytes.readBigUInt64LE(at));
    const pages = Number(bytes.readBigUInt64LE(at + 16));
    const needed = Math.ceil((pageHeadBytes + length) / this.#pageBytes);
    // A shorter value stays in the pages of the one before it.
    if (pages < needed) throw new PageFault(page, `a value of ${length} bytes in ${pages} pages`);
    this.#take(first, pages, page);
    return { page: first, pages, bytes: length };
  }

  /** Checks the head of a long value; gives the value where it is asked for. */
  async #longValue(long: LongValue, tree: TreeName): Promise<readonly Buffer[]> {
    const { page, pages, bytes } = long;
    const isRead = tree === 'freeList';
    const buffer = Buffer.alloc(pageHeadBytes + (isRead ? bytes : 0));
    await this.#read(buffer, page);
    this.#assertHead(page, buffer, longFlag);
    const said = buffer.readUInt32LE(20);
    if (said !== pages) throw new PageFault(page, `${said} pages where ${pages} are expected`);
    return isRead ? [buffer.subarray(pageHeadBytes)] : [];
  }

  /**
   * Free pages: a count, then numbers of 8 bytes: a page, or less than zero the length of a run
   * whose first page follows, or zero where one was taken.
   */
  #freePages(list: Buffer, root: number): void {
    const count = list.length < 8 ? -1 : Number(list.readBigInt64LE(0));
    if (count < 0 || 8 * (count + 1) > list.length) {
      throw new PageFault(root, `a list of ${count} free pages in ${list.length} bytes`);
    }
    let run = 1;
    for (let at = 8; at <= 8 * count; at += 8) {
      const number = Number(list.readBigInt64LE(at));
      if (number < 0) run = -number;
      else {
        if (number > 0) this.#take(number, run, root);
        run = 1;
      }
    }
  }

  /** Every page has one user, or is free once. `from`: the page that names it. */
  #take(first: number, count: number, from: number): void {
    if (first < 2 || count < 1 || first + count - 1 > this.#lastPage) {
      throw new PageFault(from, `it names ${count} pages from page ${first}`);
    }
    for (let page = first; page < first + count; page += 1) {
      const [byte, bit] = [page >>> 3, 1 << (page & 7)];
      const taken = this.#taken[byte] ?? 0;
      if ((taken & bit) !== 0) throw new PageFault(page, 'it is in use twice');
      this.#taken[byte] = taken | bit;
    }
  }
}
