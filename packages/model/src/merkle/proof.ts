/**
 * Verification of proofs, as RFC 9162 writes it down: inclusion section 2.1.3.2, consistency
 * section 2.1.4.2. Sizes and indexes are whole numbers up to 2^53 - 1, so they are halved by
 * division and never shifted.
 */
import { emptyRoot, nodeHash } from './hash.js';

/** A place in a tree: which leaf of how many. */
export interface LeafPlace {
  /** From 0. */
  readonly index: number;
  readonly size: number;
}

/** True when the hashes lead from the leaf to the root of the tree of this size. */
export function verifyInclusion(
  { index, size }: LeafPlace,
  leaf: Uint8Array,
  hashes: readonly Uint8Array[],
  root: Uint8Array,
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size) return false;
  if (![leaf, root, ...hashes].every(isHash)) return false;
  const walk = new Walk(index, size - 1);
  let hash = leaf;
  for (const beside of hashes) {
    if (walk.isDone) return false;
    if (walk.isRight) {
      hash = nodeHash(beside, hash);
      walk.skipLeft();
    } else {
      hash = nodeHash(hash, beside);
    }
    walk.up();
  }
  return walk.isDone && isSame(hash, root);
}

/** A tree as a checkpoint names it. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** True when the hashes show that the first tree is the beginning of the second. */
export function verifyConsistency(
  first: TreeHead,
  second: TreeHead,
  hashes: readonly Uint8Array[],
): boolean {
  if (!isCount(first.size) || !isCount(second.size) || first.size > second.size) return false;
  if (![first.root, second.root, ...hashes].every(isHash)) return false;
  // Every tree begins with the empty one, and with itself: nothing is left to prove.
  if (first.size === 0) return hashes.length === 0 && isSame(first.root, emptyRoot);
  if (first.size === second.size) return hashes.length === 0 && isSame(first.root, second.root);
  const path = isPowerOfTwo(first.size) ? [first.root, ...hashes] : [...hashes];
  const start = path.shift();
  if (start === undefined || hashes.length === 0) return false;
  const walk = new Walk(first.size - 1, second.size - 1);
  walk.skipRight();
  let before = start;
  let after = start;
  for (const hash of path) {
    if (walk.isDone) return false;
    if (walk.isRight) {
      before = nodeHash(hash, before);
      after = nodeHash(hash, after);
      walk.skipLeft();
    } else {
      after = nodeHash(after, hash);
    }
    walk.up();
  }
  return walk.isDone && isSame(before, first.root) && isSame(after, second.root);
}

/** The walk of both algorithms from a leaf upwards: `fn` and `sn` of the RFC. */
class Walk {
  #at: number;
  #last: number;

  constructor(at: number, last: number) {
    this.#at = at;
    this.#last = last;
  }

  get isDone(): boolean {
    return this.#last === 0;
  }

  get isRight(): boolean {
    return isOdd(this.#at) || this.#at === this.#last;
  }

  up(): void {
    this.#at = Math.floor(this.#at / 2);
    this.#last = Math.floor(this.#last / 2);
  }

  /** Levels on which a ragged right edge has nothing beside it are passed over. */
  skipLeft(): void {
    while (!isOdd(this.#at) && this.#at !== 0) this.up();
  }

  /** Up to the largest whole subtree that the first tree ends with. */
  skipRight(): void {
    while (isOdd(this.#at)) this.up();
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

/** Of another length than SHA-256 has, a hash is none, whatever its bytes lead to. */
function isHash(bytes: Uint8Array): boolean {
  return bytes.length === 32;
}

function isOdd(value: number): boolean {
  return value % 2 === 1;
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest > 1 && !isOdd(rest)) rest /= 2;
  return rest === 1;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
