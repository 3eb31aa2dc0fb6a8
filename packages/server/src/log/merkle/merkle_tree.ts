/**
 * The Merkle tree over the whole log (RFC 9162 section 2.1): sequence n is leaf n - 1, every frame
 * of a record is a leaf, a repeated id too. Only synced records are ever noted, so the tree never
 * has to forget one.
 *
 * Damage of the tree file is found by its CRCs, by the records of its last group at opening, and
 * by the records of a group when a proof reaches into it; then the tree is made anew from the log,
 * once, and the question is answered from that. What the log cannot read is thrown as
 * `LogCorruptError`.
 */
import { recordIdOf } from '@stemedb/model';
import { LogCorruptError } from '../failure.js';
import type { Log, LogRecord } from '../log.js';
import { GrowingTree, type Leaf, TreeDamage } from './growing_tree.js';
import { groupLeaves, groupLevel, LeafGroup } from './leaf_group.js';
import { consistencyRanges, inclusionRanges, type LeafRange, subtreesOf } from './ranges.js';
import { TreeFile, type TreeFilePlace } from './tree_file.js';
import { hashNode } from './tree_hasher.js';

/** Groups whose leaves are kept: proofs often reach into the same ones. 8 KiB each. */
const groupsKeptMax = 16;

export interface TreeOptions extends TreeFilePlace {
  readonly log: Pick<Log, 'iterate' | 'lastSequence'>;
}

export class MerkleTree {
  readonly #options: TreeOptions;
  readonly #groups = new Map<number, LeafGroup>();
  #tree: GrowingTree;
  /** Flushes and rebuildings, one after the other. */
  #working: Promise<void> = Promise.resolve();
  #rebuilding: Promise<void> | undefined;
  /** Why the file was made anew, when it was. */
  #rebuilt: string | undefined;

  private constructor(options: TreeOptions, tree: GrowingTree) {
    this.#options = options;
    this.#tree = tree;
  }

  /** The tree of the whole log. Rejects with errors of the disk, and `LogCorruptError`. */
  static async open(options: TreeOptions): Promise<MerkleTree> {
    const file = await TreeFile.open(options, 'write');
    const tree = new MerkleTree(options, new GrowingTree(undefined));
    if (typeof file === 'string') {
      await catchUp(tree.#tree, options.log);
      if (options.log.lastSequence >= groupLeaves) tree.#rebuilt = file;
      return tree;
    }
    try {
      tree.#tree = new GrowingTree(file);
      await tree.#checkLastGroup();
      await catchUp(tree.#tree, options.log);
    } catch (error) {
      await file.close();
      if (!(error instanceof TreeDamage)) throw error;
      await tree.#replace(error.message);
    }
    return tree;
  }

  /** Leaves so far: the sequence of the last synced record. */
  get size(): number {
    return this.#tree.size;
  }

  /** Why the file was made anew since opening; undefined while it was not. */
  get rebuilt(): string | undefined {
    return this.#rebuilt;
  }

  /** Takes in records that are durable, in log order; what is known already is passed over. */
  note(records: readonly Leaf[]): void {
    const tree = this.#tree;
    for (const record of records) if (record.sequence > tree.size) tree.add(record);
  }

  /** Writes to the file what it does not have yet. Rejects with errors of the disk. */
  flush(): Promise<void> {
    return this.#alone(() => this.#tree.flush(this.#options));
  }

  async close(): Promise<void> {
    await this.#working;
    await this.#tree.close();
  }

  /** Root of the tree of the first `size` records, at least one. */
  root(size: number): Promise<Buffer> {
    return this.#sound(() => this.#rangeRoot({ start: 0, end: size }));
  }

  /** Hashes of the inclusion proof of a leaf in the tree of a size. */
  inclusion(index: number, size: number): Promise<readonly Buffer[]> {
    return this.#sound(() => this.#roots(inclusionRanges(index, size)));
  }

  /** Hashes of the consistency proof between two sizes. */
  consistency(from: number, to: number): Promise<readonly Buffer[]> {
    return this.#sound(() => this.#roots(consistencyRanges(from, to)));
  }

  /** Makes the tree anew from the log; nothing noted meanwhile is lost. */
  rebuild(reason: string): Promise<void> {
    this.#rebuilding ??= this.#alone(() => this.#replace(reason)).finally(() => {
      this.#rebuilding = undefined;
    });
    return this.#rebuilding;
  }

  async #replace(reason: string): Promise<void> {
    const fresh = new GrowingTree(undefined);
    do await catchUp(fresh, this.#options.log);
    while (fresh.size < this.#tree.size);
    const old = this.#tree;
    this.#tree = fresh;
    this.#groups.clear();
    this.#rebuilt = reason;
    await old.close();
  }

  async #alone(work: () => Promise<void>): Promise<void> {
    const working = this.#working.then(work);
    this.#working = working.catch(() => undefined);
    return working;
  }

  /** Runs a question; when the file proves damaged, once more over a tree made anew. */
  async #sound<T>(question: () => Promise<T>): Promise<T> {
    try {
      return await question();
    } catch (error) {
      if (!(error instanceof TreeDamage)) throw error;
      await this.rebuild(error.message);
      return question();
    }
  }

  #roots(ranges: readonly LeafRange[]): Promise<readonly Buffer[]> {
    return Promise.all(ranges.map((range) => this.#rangeRoot(range)));
  }

  async #rangeRoot(range: LeafRange): Promise<Buffer> {
    let root: Buffer | undefined;
    for (const { level, index } of subtreesOf(range).toReversed()) {
      const hash = await this.#subtree(level, index);
      root = root === undefined ? hash : hashNode(hash, root);
    }
    if (root === undefined) throw new Error('merkle: the root of no leaves');
    return root;
  }

  async #subtree(level: number, index: number): Promise<Buffer> {
    if (level >= groupLevel) return this.#tree.stored(level, index).hash;
    const open = this.#tree.open(level, index);
    if (open !== undefined) return open;
    const perGroup = 2 ** (groupLevel - level);
    const group = Math.floor(index / perGroup);
    return (await this.#leavesOf(group)).root(level, index - group * perGroup);
  }

  /** The leaves of a whole group, from the log; they must be those that the file knows. */
  async #leavesOf(number: number): Promise<LeafGroup> {
    const kept = this.#groups.get(number);
    if (kept !== undefined) return kept;
    const { hash, offset } = this.#tree.stored(groupLevel, number);
    const leaves = new LeafGroup();
    const first = number * groupLeaves + 1;
    for await (const records of this.#options.log.iterate({ sequence: first, offset })) {
      for (const record of records) {
        if (!leaves.isFull) leaves.add(recordIdOf(record.bytes), record.stamp);
      }
      if (leaves.isFull) break;
    }
    if (!leaves.isFull || !leaves.root(groupLevel, 0).equals(hash)) {
      throw new TreeDamage(`group ${number} of the tree file is not what the log holds`);
    }
    this.#groups.set(number, leaves);
    const [oldest] = this.#groups.keys();
    if (this.#groups.size > groupsKeptMax && oldest !== undefined) this.#groups.delete(oldest);
    return leaves;
  }

  /** A file of another history, or one that is ahead of the log, must not be gone on with. */
  async #checkLastGroup(): Promise<void> {
    const { size } = this.#tree;
    if (size > this.#options.log.lastSequence) {
      throw new TreeDamage(`the tree file has ${size} records, the log has fewer`);
    }
    if (size === 0) return;
    try {
      await this.#leavesOf(size / groupLeaves - 1);
    } catch (error) {
      // Whether it is the log that is damaged shows when all of it is read.
      if (!(error instanceof LogCorruptError)) throw error;
      throw new TreeDamage('the last group of the tree file is not where the log has it');
    }
  }
}

/** Adds what the log has and the tree has not; a long log is not read from its start. */
const catchUp = async (tree: GrowingTree, log: TreeOptions['log']): Promise<void> => {
  const { size } = tree;
  if (size >= log.lastSequence) return;
  const whole = Math.floor(size / groupLeaves);
  const from =
    whole === 0
      ? { sequence: 1 }
      : {
          sequence: (whole - 1) * groupLeaves + 1,
          offset: tree.stored(groupLevel, whole - 1).offset,
        };
  for await (const records of log.iterate(from)) {
    for (const record of records) if (record.sequence > size) tree.add(leafOf(record));
  }
};

/** The record as a leaf, its id derived again. */
const leafOf = ({ sequence, offset, bytes, stamp }: LogRecord): Leaf => ({
  sequence,
  offset,
  id: recordIdOf(bytes),
  stamp,
});
