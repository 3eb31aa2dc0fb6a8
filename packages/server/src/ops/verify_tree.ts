/**
 * Computes the Merkle tree of a log that is being read, and holds it against checkpoints and
 * against the tree file. With the model's functions alone, so that it shares no code with what
 * keeps the tree: a fault of one shows in the other.
 *
 * The right edge is a compact range: the roots of the complete subtrees from the left, largest
 * first (RFC 9162 section 2.1.2), so memory does not grow with the log.
 */
import {
  type Checkpoint,
  emptyRoot,
  leafData,
  leafHash,
  nodeHash,
  recordIdOf,
  toBase64,
} from '@stemedb/model';
import type { LogRecord } from '../log/log.js';
import { groupLevel } from '../log/merkle/leaf_group.js';
import { entryNumber, type TreeFile } from '../log/merkle/tree_file.js';

/** A checkpoint that the log must agree with, and where it comes from. */
export interface ClaimedCheckpoint {
  readonly where: string;
  readonly checkpoint: Checkpoint;
}

export interface TreeFinding {
  readonly severity: 'altered' | 'store';
  readonly where: string;
  readonly detail: string;
}

/** What was compared. */
export interface TreeEnd {
  /** Records of the log. */
  readonly size: number;
  /** Root of all of them, base64; null when the log could not be read whole. */
  readonly root: string | null;
  /** Checkpoints that the log was held against. */
  readonly checkpoints: number;
  /** Entries of the tree file that were compared. */
  readonly entries: number;
}

interface Node {
  readonly level: number;
  readonly hash: Uint8Array;
}

export class TreeVerifier {
  readonly #claims: readonly ClaimedCheckpoint[];
  readonly #file: TreeFile | undefined;
  readonly #onFinding: (finding: TreeFinding) => void;
  readonly #edge: Node[] = [];
  #size = 0;
  #entries = 0;
  /** False from the first record that is missing. */
  #isWhole = true;
  #isFileSound = true;

  constructor(
    claims: readonly ClaimedCheckpoint[],
    file: TreeFile | undefined,
    onFinding: (finding: TreeFinding) => void,
  ) {
    this.#claims = claims;
    this.#file = file;
    this.#onFinding = onFinding;
    this.#compareRoots();
  }

  /** The next record of the log. Behind a gap nothing can be said any more. */
  add({ sequence, bytes, stamp }: LogRecord): void {
    if (sequence !== this.#size + 1) this.#isWhole = false;
    if (!this.#isWhole) return;
    this.#size = sequence;
    this.#push({ level: 0, hash: leafHash(leafData(recordIdOf(bytes), stamp)) });
    this.#compareRoots();
  }

  /** Base64, of the records so far that stand without a gap. */
  get root(): string {
    return toBase64(this.#root());
  }

  /** After the last record; `isLogWhole` when the log had no damage. */
  end(isLogWhole: boolean): TreeEnd {
    const isWhole = this.#isWhole && isLogWhole;
    if (isWhole) this.#reportMissing();
    return {
      size: this.#size,
      root: isWhole ? this.root : null,
      checkpoints: this.#claims.length,
      entries: this.#entries,
    };
  }

  #push(leaf: Node): void {
    let node = leaf;
    this.#compareEntry(node);
    for (let left = this.#edge.at(-1); left?.level === node.level; left = this.#edge.at(-1)) {
      this.#edge.pop();
      node = { level: node.level + 1, hash: nodeHash(left.hash, node.hash) };
      this.#compareEntry(node);
    }
    this.#edge.push(node);
  }

  #root(): Uint8Array {
    const [last, ...rest] = this.#edge.toReversed();
    if (last === undefined) return emptyRoot;
    return rest.reduce((root, { hash }) => nodeHash(hash, root), last.hash);
  }

  #compareRoots(): void {
    for (const { where, checkpoint } of this.#claims) {
      if (checkpoint.size !== this.#size) continue;
      const [root, signed] = [toBase64(this.#root()), toBase64(checkpoint.root)];
      if (root === signed) continue;
      const detail =
        `the first ${this.#size} records of the log have the root ${root}, but ${signed} was ` +
        'signed: records were changed, removed, added or put in another order';
      this.#onFinding({ severity: 'altered', where, detail });
    }
  }

  #reportMissing(): void {
    for (const { where, checkpoint } of this.#claims) {
      if (checkpoint.size <= this.#size) continue;
      const detail =
        `it was signed over ${checkpoint.size} records, but the log ends with record ` +
        `${this.#size}: the log was set back or cut`;
      this.#onFinding({ severity: 'altered', where, detail });
    }
  }

  /** A node that the file has must be there as it is; one wrong entry is enough to say so. */
  #compareEntry({ level, hash }: Node): void {
    if (level < groupLevel || this.#file === undefined || !this.#isFileSound) return;
    const number = entryNumber(level - groupLevel, this.#size / 2 ** level - 1);
    if (number >= this.#file.count) return;
    this.#entries += 1;
    if (this.#file.read(number)?.hash.equals(hash) === true) return;
    this.#isFileSound = false;
    const detail = `entry ${number} is damaged or of another log; the node makes the file anew`;
    this.#onFinding({ severity: 'store', where: 'tree', detail });
  }
}
