/**
 * The tree as it grows: the leaves of the open group, the right edge above it, and what is not in
 * the file yet. All of it can be had again from the log.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { groupLeaves, groupLevel, LeafGroup } from './leaf_group.js';
import {
  entryNumber,
  groupsWithin,
  type StoredHash,
  TreeFile,
  type TreeFilePlace,
} from './tree_file.js';
import { hashNode } from './tree_hasher.js';

/** A record as the tree takes it in. */
export interface Leaf {
  /** Leaf `sequence - 1` of the tree. */
  readonly sequence: number;
  /** Log offset of its frame. */
  readonly offset: number;
  readonly id: RecordId;
  readonly stamp: HlcStamp;
}

/** Thrown when the file does not hold what was written: the tree is made anew from the log. */
export class TreeDamage extends Error {}

export class GrowingTree {
  readonly #group = new LeafGroup();
  readonly #edge: (StoredHash | undefined)[] = [];
  readonly #pending: StoredHash[] = [];
  #file: TreeFile | undefined;
  /** Entries that are read from the file; those behind them are pending. */
  #inFile: number;
  #groupOffset = 0;
  #size: number;

  /** Goes on where the file ends. Throws `TreeDamage` when its right edge cannot be read. */
  constructor(file: TreeFile | undefined) {
    this.#file = file;
    this.#inFile = file?.count ?? 0;
    let groups = groupsWithin(this.#inFile);
    this.#size = groups * groupLeaves;
    for (let level = 0; groups > 0; level += 1) {
      if (groups % 2 === 1) this.#edge[level] = this.#stored(level, groups - 1);
      groups = Math.floor(groups / 2);
    }
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  add({ sequence, offset, id, stamp }: Leaf): void {
    if (sequence !== this.#size + 1) throw new Error('merkle: a record out of sequence');
    if (this.#group.count === 0) this.#groupOffset = offset;
    this.#group.add(id, stamp);
    this.#size += 1;
    if (this.#group.isFull) this.#closeGroup();
  }

  /** Root of a group or of a complete subtree above; `level` is that of the whole tree. */
  stored(level: number, index: number): StoredHash {
    return this.#stored(level - groupLevel, index);
  }

  /** Root of a complete subtree in the open group; undefined when it is in another. */
  open(level: number, index: number): Buffer | undefined {
    const perGroup = 2 ** (groupLevel - level);
    const group = Math.floor(index / perGroup);
    if (group !== Math.floor(this.#size / groupLeaves)) return undefined;
    return this.#group.root(level, index - group * perGroup);
  }

  /** Makes what is pending durable. Calls must not overlap. Rejects with errors of the disk. */
  async flush(place: TreeFilePlace): Promise<void> {
    const entries = this.#pending.slice();
    if (entries.length === 0) return;
    if (this.#file === undefined) this.#file = await TreeFile.create(place, entries);
    else await this.#file.append(entries);
    this.#pending.splice(0, entries.length);
    this.#inFile += entries.length;
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  #closeGroup(): void {
    let node: StoredHash = { hash: this.#group.root(groupLevel, 0), offset: this.#groupOffset };
    this.#group.clear();
    this.#pending.push(node);
    let index = this.#size / groupLeaves - 1;
    let level = 0;
    for (; index % 2 === 1; level += 1) {
      const left = this.#edge[level];
      if (left === undefined) throw new Error('merkle: the right edge has a gap');
      node = { hash: hashNode(left.hash, node.hash), offset: left.offset };
      this.#pending.push(node);
      index = Math.floor(index / 2);
    }
    this.#edge[level] = node;
  }

  #stored(level: number, index: number): StoredHash {
    const number = entryNumber(level, index);
    const pending = this.#pending[number - this.#inFile];
    const found = pending ?? (number < this.#inFile ? this.#file?.read(number) : undefined);
    if (found !== undefined) return found;
    throw new TreeDamage(`entry ${number} of the tree file is damaged`);
  }
}
