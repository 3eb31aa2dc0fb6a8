/**
 * The end of the log as the feed states it, kept in memory for all who have read up to there: many
 * followers of a busy node cost one reading of the log. Whoever falls behind it reads the files.
 *
 * Invariant: the entries are those of all records after `from` and up to `head`.
 */
import type { FeedChunk } from './feed_chunk.js';
import type { FeedPlace } from './feed_cursor.js';
import type { FeedEntry } from './feed_entry.js';

export interface TailPiece {
  readonly entries: readonly FeedEntry[];
  readonly place: FeedPlace;
  /** True when nothing further is kept; who waits is woken when more is. */
  readonly atEnd: boolean;
}

/** What an entry takes beside its text. */
const entryOverheadBytes = 512;

export class FeedTail {
  readonly #bytesMax: number;
  #entries: FeedEntry[] = [];
  #bytes = 0;
  #from: FeedPlace;
  #head: FeedPlace;

  constructor(bytesMax: number, at: FeedPlace) {
    this.#bytesMax = bytesMax;
    this.#from = at;
    this.#head = at;
  }

  get head(): FeedPlace {
    return this.#head;
  }

  /** Forgets all and goes on from here. */
  restart(at: FeedPlace): void {
    this.#entries = [];
    this.#bytes = 0;
    this.#from = at;
    this.#head = at;
  }

  /** Adds what follows the head, and forgets the oldest beyond the bound. */
  add({ entries, place }: FeedChunk): void {
    this.#head = place;
    for (const entry of entries) {
      this.#entries.push(entry);
      this.#bytes += sizeOf(entry);
    }
    let gone = 0;
    for (const entry of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#bytes -= sizeOf(entry);
      this.#from = placeOf(entry);
      gone += 1;
    }
    if (gone > 0) this.#entries = this.#entries.slice(gone);
  }

  /** What follows a place, up to so many bytes; undefined when the files have to be read. A record
   * that is larger is read there as well: whoever does not take it holds it by itself, when it is
   * forgotten here. */
  after({ sequence }: FeedPlace, bytesMax: number): TailPiece | undefined {
    if (sequence < this.#from.sequence || sequence > this.#head.sequence) return undefined;
    const entries: FeedEntry[] = [];
    let bytes = 0;
    for (let at = this.#firstAfter(sequence); at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (entry === undefined) break;
      const isLarge = entry.json.length > bytesMax;
      if (isLarge && entries.length === 0) return undefined;
      if (isLarge || bytes >= bytesMax) {
        return { entries, place: placeOf(entries.at(-1) ?? entry), atEnd: false };
      }
      entries.push(entry);
      bytes += entry.json.length;
    }
    return { entries, place: this.#head, atEnd: true };
  }

  #firstAfter(sequence: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const entry = this.#entries[middle];
      if (entry !== undefined && entry.sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const placeOf = ({ sequence, offset }: FeedEntry): FeedPlace => ({ sequence, offset });

const sizeOf = ({ json }: FeedEntry): number => entryOverheadBytes + json.length;
