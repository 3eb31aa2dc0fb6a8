/** The leaves of one group: the unit of which the tree file holds the root only. */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { hashBytes, hashLeafInto, hashPairInto } from './tree_hasher.js';

/** Level of a group's root. */
export const groupLevel = 8;

/**
 * Leaves of a group. A proof hashes so many records of the log anew, half a millisecond of work;
 * the file in return has less than a byte for a record instead of 64.
 */
export const groupLeaves = 2 ** groupLevel;

const slicesOf = (bytes: Buffer, length: number): readonly Buffer[] =>
  Array.from({ length: bytes.length / length }, (_, index) =>
    bytes.subarray(index * length, (index + 1) * length),
  );

/** Where roots are computed; nothing of it outlives a call. */
const work = Buffer.alloc(groupLeaves * hashBytes);
const workHashes = slicesOf(work, hashBytes);
const workPairs = slicesOf(work, 2 * hashBytes);

export class LeafGroup {
  readonly #hashes = Buffer.alloc(groupLeaves * hashBytes);
  /** Views that are made once: making one costs a third of a hash. */
  readonly #slots = slicesOf(this.#hashes, hashBytes);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === groupLeaves;
  }

  add(id: RecordId, stamp: HlcStamp): void {
    const slot = this.#slots[this.#count];
    if (slot === undefined) throw new Error('merkle: a leaf too many in a group');
    hashLeafInto(slot, id, stamp);
    this.#count += 1;
  }

  clear(): void {
    this.#count = 0;
  }

  /** Root of a complete subtree within the group, all of whose leaves are there. */
  root(level: number, index: number): Buffer {
    const first = index * 2 ** level;
    let width = 2 ** level;
    if (first + width > this.#count) throw new Error('merkle: leaves that a group does not have');
    this.#hashes.copy(work, 0, first * hashBytes, (first + width) * hashBytes);
    for (; width > 1; width /= 2) {
      for (let node = 0; node < width / 2; node += 1) {
        const [target, pair] = [workHashes[node], workPairs[node]];
        if (target !== undefined && pair !== undefined) hashPairInto(target, pair);
      }
    }
    return Buffer.from(work.subarray(0, hashBytes));
  }
}
