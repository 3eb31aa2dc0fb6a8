/** The leaves of one group: the unit of which the tree file holds the root only. */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { hashBytes, hashLeafInto, hashNodeInto } from './tree_hasher.js';

/** Level of a group's root. */
export const groupLevel = 8;

/**
 * Leaves of a group. A proof hashes so many records of the log anew, half a millisecond of work;
 * the file in return has less than a byte for a record instead of 64.
 */
export const groupLeaves = 2 ** groupLevel;

export class LeafGroup {
  readonly #hashes = Buffer.alloc(groupLeaves * hashBytes);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  get isFull(): boolean {
    return this.#count === groupLeaves;
  }

  add(id: RecordId, stamp: HlcStamp): void {
    if (this.isFull) throw new Error('merkle: a leaf too many in a group');
    hashLeafInto(this.#hashes, this.#count * hashBytes, id, stamp);
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
    const work = Buffer.from(this.#hashes.subarray(first * hashBytes, (first + width) * hashBytes));
    for (; width > 1; width /= 2) {
      for (let at = 0; at < width; at += 2) {
        const left = work.subarray(at * hashBytes, (at + 1) * hashBytes);
        const right = work.subarray((at + 1) * hashBytes, (at + 2) * hashBytes);
        hashNodeInto(work, (at / 2) * hashBytes, left, right);
      }
    }
    return work.subarray(0, hashBytes);
  }
}
