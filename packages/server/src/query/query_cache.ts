/**
 * The memory that answers, candidate rows and records share: bounded in bytes, what was not used
 * for the longest time goes first. An answer is served only while everything that it was read from
 * is untouched (`generations.ts`), so nothing is ever removed because of a write.
 */
import { LRUCache } from 'lru-cache';
import type { Generations } from './generations.js';
import type { ReadSet } from './read_set.js';

/** What is counted of a cache, by its name. */
export interface CacheMetrics {
  looked(cache: CacheName, found: boolean): void;
}

export type CacheName = 'answers' | 'candidates' | 'claims';

/** Memory unless it is configured otherwise, bytes. */
export const defaultCacheBytesMax: number = 64 * 1024 ** 2;

/** The largest entry, as a part of the memory: no single pair or page displaces all others. */
const entryShare = 1 / 8;

/** Bytes of an entry beside its key and value: nodes of map and list. */
const entryOverheadBytes = 256;

declare const sectionKey: unique symbol;
export type SectionKey = string & { readonly [sectionKey]: true };

interface Entry {
  readonly value: unknown;
  readonly reads: ReadSet;
  /** Last sequence of the snapshot that the value was computed over. */
  readonly sequence: number;
}

/** One kind of value in the shared memory, under keys of its own. */
export interface CacheSection<Value> {
  /** The key that this text is in this section. */
  keyOf(text: string): SectionKey;
  /**
   * A value that holds for a snapshot with this last sequence. What was computed over a newer one
   * is found too, as long as nothing was touched after the older of the two. `isUsable` may refuse
   * one for reasons of its own.
   */
  find(key: SectionKey, sequence: number, isUsable?: (value: Value) => boolean): Value | undefined;
  /** As `find`, and counts nothing when there is none: who asks will look for it again. */
  findKept(key: SectionKey, sequence: number): Value | undefined;
  /** Keeps a value of about this many bytes, read from a snapshot with this last sequence. */
  keep(key: SectionKey, entry: Entry & { readonly value: Value; readonly bytes: number }): void;
}

/** Values that their key names for good: nothing that is written can change one. */
export interface CacheContents<Value> {
  find(key: string): Value | undefined;
  /** Keeps a value of about this many bytes. */
  keep(key: string, value: Value, bytes: number): void;
}

export class QueryCache {
  readonly #entries: LRUCache<string, Entry | { readonly value: unknown }> | undefined;
  readonly #generations: Generations;
  readonly #metrics: CacheMetrics | undefined;
  /** Bytes of the largest value that is kept; 0 when the cache is off. */
  readonly valueBytesMax: number;

  /** `bytesMax` 0 switches the cache off. */
  constructor(parts: {
    readonly bytesMax: number;
    readonly generations: Generations;
    readonly metrics?: CacheMetrics | undefined;
  }) {
    this.#generations = parts.generations;
    this.#metrics = parts.metrics;
    this.valueBytesMax = Math.floor(parts.bytesMax * entryShare);
    if (this.valueBytesMax > 0) {
      this.#entries = new LRUCache({
        maxSize: parts.bytesMax,
        maxEntrySize: this.valueBytesMax,
      });
    }
  }

  get isOn(): boolean {
    return this.#entries !== undefined;
  }

  /** Bytes that are taken, by the estimates of those who keep. */
  get bytes(): number {
    return this.#entries?.calculatedSize ?? 0;
  }

  /** Values of one kind; whoever opens a section says what its values are. */
  section<Value>(name: CacheName): CacheSection<Value> {
    return {
      keyOf: (text) => `${name} ${text}` as SectionKey,
      find: (key, sequence, isUsable = () => true) => {
        const value = this.#find(key, sequence)?.value as Value | undefined;
        const found = value !== undefined && isUsable(value);
        this.#metrics?.looked(name, found);
        return found ? value : undefined;
      },
      findKept: (key, sequence) => {
        const value = this.#find(key, sequence)?.value as Value | undefined;
        if (value !== undefined) this.#metrics?.looked(name, true);
        return value;
      },
      keep: (key, { value, reads, sequence, bytes }) => {
        const size = entryOverheadBytes + 2 * key.length + reads.bytes + bytes;
        this.#entries?.set(key, { value, reads, sequence }, { size });
      },
    };
  }

  /** Records by their ids; the keys of sections begin with a name and a space. */
  contents<Value>(): CacheContents<Value> {
    return {
      find: (key) => this.#entries?.get(key)?.value as Value | undefined,
      keep: (key, value, bytes) => {
        this.#entries?.set(key, { value }, { size: entryOverheadBytes + key.length + bytes });
      },
    };
  }

  #find(key: string, sequence: number): Entry | undefined {
    const entry = this.#entries?.get(key);
    if (entry === undefined || !('reads' in entry)) return undefined;
    const holdsFrom = Math.min(entry.sequence, sequence);
    return entry.reads.isUntouchedSince(holdsFrom, this.#generations) ? entry : undefined;
  }
}
