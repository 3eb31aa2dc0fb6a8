/**
 * The tree of a log while it is read once, in memory that does not grow: the roots of the complete
 * subtrees from the left, the largest first (RFC 9162 section 2.1.2). It can be written down and
 * gone on with, so that a later reader needs none of the records before.
 */
import { emptyRoot, fromBase64, type HlcStamp, type RecordId, toBase64 } from '@stemedb/model';
import { hashBytes, hashLeafInto, hashPairInto, hashRawLeafInto } from './tree_hasher.js';

/** A range as it is written down. */
export interface WrittenRange {
  readonly size: number;
  /** Base64, the largest subtree first: one for each bit of the size. */
  readonly hashes: readonly string[];
}

export class CompactRange {
  /** By level, each a pair: the left half is a subtree's root where the size has that bit. */
  readonly #pairs: Buffer[] = [];
  readonly #carried = Buffer.alloc(hashBytes);
  #size = 0;

  /** Undefined when it is none. */
  static from({ size, hashes }: WrittenRange): CompactRange | undefined {
    const levels = levelsOf(size);
    if (!Number.isSafeInteger(size) || size < 0 || levels.length !== hashes.length) return;
    const range = new CompactRange();
    for (const [index, level] of levels.toReversed().entries()) {
      const hash = fromBase64(hashes[index] ?? '');
      if (hash?.length !== hashBytes) return;
      range.#pairAt(level).set(hash);
    }
    range.#size = size;
    return range;
  }

  get size(): number {
    return this.#size;
  }

  /** Base64. */
  get root(): string {
    const [lowest, ...above] = levelsOf(this.#size);
    if (lowest === undefined) return toBase64(emptyRoot);
    const root = Buffer.from(this.#pairAt(lowest).subarray(0, hashBytes));
    for (const level of above) {
      const pair = Buffer.concat([this.#pairAt(level).subarray(0, hashBytes), root]);
      hashPairInto(root, pair);
    }
    return toBase64(root);
  }

  add(id: RecordId, stamp: HlcStamp): void {
    hashLeafInto(this.#carried, id, stamp);
    this.#carryUp();
  }

  /** The same from the 32 bytes of the id and the 16 of the stamp at a place of a buffer. */
  addRaw(id: Uint8Array, stamps: Buffer, stampAt: number): void {
    hashRawLeafInto(this.#carried, id, stamps, stampAt);
    this.#carryUp();
  }

  #carryUp(): void {
    let level = 0;
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      const pair = this.#pairAt(level);
      this.#carried.copy(pair, hashBytes);
      hashPairInto(this.#carried, pair);
      level += 1;
    }
    this.#carried.copy(this.#pairAt(level), 0);
    this.#size += 1;
  }

  written(): WrittenRange {
    const levels = levelsOf(this.#size).toReversed();
    const hashes = levels.map((level) => toBase64(this.#pairAt(level).subarray(0, hashBytes)));
    return { size: this.#size, hashes };
  }

  #pairAt(level: number): Buffer {
    const pair = this.#pairs[level] ?? Buffer.alloc(2 * hashBytes);
    this.#pairs[level] = pair;
    return pair;
  }
}

/** The bits of a size, lowest first. */
function levelsOf(size: number): readonly number[] {
  const levels: number[] = [];
  let level = 0;
  for (let rest = size; rest >= 1; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) levels.push(level);
    level += 1;
  }
  return levels;
}
