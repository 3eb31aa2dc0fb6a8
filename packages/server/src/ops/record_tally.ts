/** What a copy of a log says of its records, added up frame by frame. */
import { blake3, kindNumber, zeroStamp } from '@stemedb/model';
import { frameHeaderBytes, recordPrefixBytes } from '../log/format.js';
import { hasKnownProof } from '../log/frame.js';
import type { LocatedFrame } from '../log/frame_reader.js';
import { CompactRange, type WrittenRange } from '../log/merkle/compact_range.js';

/** The sums so far; they can be written down and gone on with. */
export interface Tally {
  readonly tree: WrittenRange;
  readonly assertions: number;
  /** 32 hex digits. */
  readonly newestStamp: string;
}

export const emptyTally: Tally = {
  tree: { size: 0, hashes: [] },
  assertions: 0,
  newestStamp: zeroStamp,
};

export class RecordTally {
  readonly #tree: CompactRange;
  #assertions: number;
  /** 16 bytes. */
  readonly #newestStamp: Buffer;

  /** Throws when the sums are none. */
  constructor({ tree, assertions, newestStamp }: Tally) {
    const range = CompactRange.from(tree);
    if (range === undefined) throw new Error('a tally with a tree that is none');
    this.#tree = range;
    this.#assertions = assertions;
    this.#newestStamp = Buffer.from(newestStamp, 'hex');
  }

  /** Records in the tree. */
  get size(): number {
    return this.#tree.size;
  }

  get root(): string {
    return this.#tree.root;
  }

  get newestStamp(): string {
    return this.#newestStamp.toString('hex');
  }

  get sums(): Tally {
    const { newestStamp } = this;
    return { tree: this.#tree.written(), assertions: this.#assertions, newestStamp };
  }

  /**
   * Adds a checked frame that is a record; the 32 bytes of its id. Undefined when it states a proof
   * that no version ever wrote.
   */
  add({ frame, buffer, start }: LocatedFrame, isInTree = true): Uint8Array | undefined {
    if (!hasKnownProof(buffer, start)) return undefined;
    const stampAt = start + frameHeaderBytes;
    const end = stampAt + frame.payloadBytes;
    const id = blake3(buffer.subarray(stampAt + recordPrefixBytes, end));
    if (isInTree) this.#tree.addRaw(id, buffer, stampAt);
    if (frame.kind === kindNumber.assertion) this.#assertions += 1;
    const newest = this.#newestStamp;
    if (buffer.compare(newest, 0, newest.length, stampAt, stampAt + newest.length) > 0) {
      buffer.copy(newest, 0, stampAt);
    }
    return id;
  }
}
