/**
 * The engine in memory: one sorted array that is replaced at each commit, so a snapshot is a
 * reference to an array that nobody changes any more. For tests and small tools: a commit costs a
 * pass over all entries.
 */
import type { Change, Engine, EngineSnapshot, Range } from './engine.js';

interface Entry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** What outlives a closed engine, as files do. */
export interface MemoryFiles {
  entries: readonly Entry[];
}

export const newMemoryFiles = (): MemoryFiles => ({ entries: [] });

/** Opens an engine over these files, or over none. */
export function memoryEngine(files: MemoryFiles = newMemoryFiles()): Engine {
  return new MemoryEngine(files);
}

/** Index of the first entry whose key is not below `key`. */
function lowerBound(entries: readonly Entry[], key: Uint8Array): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const entry = entries[middle];
    if (entry !== undefined && Buffer.compare(entry.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function find(entries: readonly Entry[], key: Uint8Array): Uint8Array | undefined {
  const entry = entries[lowerBound(entries, key)];
  return entry !== undefined && Buffer.compare(entry.key, key) === 0 ? entry.value : undefined;
}

function look<T>(
  entries: readonly Entry[],
  key: Uint8Array,
  read: (value: Uint8Array) => T,
): T | undefined {
  const value = find(entries, key);
  return value === undefined ? undefined : read(value);
}

function* walk(entries: readonly Entry[], range: Range): Generator<Entry, void, void> {
  const from = lowerBound(entries, range.gte);
  const to = Math.max(from, lowerBound(entries, range.lt));
  const count = Math.min(to - from, range.limit ?? Number.POSITIVE_INFINITY);
  for (let step = 0; step < count; step += 1) {
    const entry = entries[range.reverse === true ? to - 1 - step : from + step];
    if (entry !== undefined) yield entry;
  }
}

const byKey = (a: { readonly key: Uint8Array }, b: { readonly key: Uint8Array }): number =>
  Buffer.compare(a.key, b.key);

function merge(entries: readonly Entry[], changes: readonly Change[]): readonly Entry[] {
  // A stable sort keeps the order of changes to one key; the last of them counts.
  const sorted = [...changes].sort(byKey);
  const merged: Entry[] = [];
  let at = 0;
  sorted.forEach((change, index) => {
    const next = sorted[index + 1];
    if (next !== undefined && byKey(change, next) === 0) return;
    for (; at < entries.length; at += 1) {
      const entry = entries[at];
      if (entry === undefined || byKey(entry, change) >= 0) break;
      merged.push(entry);
    }
    const current = entries[at];
    if (current !== undefined && byKey(current, change) === 0) at += 1;
    if (change.type === 'put') {
      merged.push({ key: Uint8Array.from(change.key), value: Uint8Array.from(change.value) });
    }
  });
  for (; at < entries.length; at += 1) {
    const entry = entries[at];
    if (entry !== undefined) merged.push(entry);
  }
  return merged;
}

class MemoryEngine implements Engine {
  readonly #files: MemoryFiles;

  constructor(files: MemoryFiles) {
    this.#files = files;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return find(this.#files.entries, key);
  }

  look<T>(key: Uint8Array, read: (value: Uint8Array) => T): T | undefined {
    return look(this.#files.entries, key, read);
  }

  range(range: Range): Iterable<Entry> {
    return walk(this.#files.entries, range);
  }

  snapshot(): EngineSnapshot {
    const { entries } = this.#files;
    return {
      isBroken: false,
      get: (key) => find(entries, key),
      look: (key, read) => look(entries, key, read),
      range: (range) => walk(entries, range),
      visit: (range, visitor) => {
        for (const { key, value } of walk(entries, range)) visitor(key, value);
      },
      release: () => {},
    };
  }

  async commit(changes: readonly Change[]): Promise<void> {
    this.#files.entries = merge(this.#files.entries, changes);
  }

  async flush(): Promise<void> {}

  async diskBytes(): Promise<number> {
    return this.#files.entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  }

  async close(): Promise<void> {}
}
