/**
 * An engine in front of another: commits are visible at once from memory and reach the engine
 * behind in large batches. A commit of 256 claims dirties nearly a thousand pages of a B+ tree, one
 * of 4,096 hardly more for each claim than a fifth of that; and a writer waits for no disk but the
 * log's (decision 031).
 *
 * Memory holds sorted runs, newest last, each made of whole commits. What is handed on is always
 * the oldest runs as one batch, so the engine behind holds a prefix of the commits: after a crash
 * the log is replayed from there. The number of changes in memory is bounded: at the bound commits
 * wait. Readers of other processes see the engine behind only.
 *
 * Failure model: when the engine behind refuses a batch, the runs stay and are tried again with the
 * next commit or flush, which rejects with the error.
 */
import type { Change, Engine, EngineSnapshot, Range } from './engine.js';

export interface OverlayOptions {
  /** Changes in memory at which a batch is handed on. */
  readonly handOverChanges?: number;
  /** Changes in memory at which commits wait. */
  readonly heldChangesMax?: number;
}

/** Some 4,000 claims: a start replays at most that many and what was on its way. */
const handOverChangesDefault = 20_000;
/** Some 40 MiB of keys and values with what the runtime adds to each. */
const heldChangesMaxDefault = 160_000;

interface Held {
  /** The key as latin-1 text, whose order is the bytewise order. */
  readonly text: string;
  readonly key: Uint8Array;
  /** Undefined where the key was deleted. */
  readonly value: Uint8Array | undefined;
}

/** Sorted by key, each key once. */
type Run = readonly Held[];

interface KeyValue {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export function overlayEngine(behind: Engine, options: OverlayOptions = {}): Engine {
  return new OverlayEngine(
    behind,
    options.handOverChanges ?? handOverChangesDefault,
    options.heldChangesMax ?? heldChangesMaxDefault,
  );
}

const textOf = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');

function runOf(changes: readonly Change[]): Run {
  const held = changes.map((change) => ({
    text: textOf(change.key),
    key: change.key,
    value: change.type === 'put' ? change.value : undefined,
  }));
  if (held.every((entry, index) => index === 0 || (held[index - 1]?.text ?? '') < entry.text)) {
    return held;
  }
  held.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  // The sort is stable: of several changes to one key the last is the one that counts.
  return held.filter((entry, index) => held[index + 1]?.text !== entry.text);
}

/** Both runs in one; where they hold the same key, the newer counts. */
function merge(older: Run, newer: Run): Run {
  if (older.length === 0) return newer;
  if (newer.length === 0) return older;
  const merged: Held[] = [];
  let at = 0;
  for (const entry of newer) {
    let next = older[at];
    while (next !== undefined && next.text < entry.text) {
      merged.push(next);
      at += 1;
      next = older[at];
    }
    if (next?.text === entry.text) at += 1;
    merged.push(entry);
  }
  for (; at < older.length; at += 1) {
    const rest = older[at];
    if (rest !== undefined) merged.push(rest);
  }
  return merged;
}

/** Index of the first entry that is not below `text`. */
function lowerBound(run: Run, text: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((run[middle]?.text ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The newest word on a key: undefined when no run has one. */
function find(runs: readonly Run[], text: string): Held | undefined {
  for (let index = runs.length - 1; index >= 0; index -= 1) {
    const run = runs[index] ?? [];
    const entry = run[lowerBound(run, text)];
    if (entry?.text === text) return entry;
  }
  return undefined;
}

function heldInside(runs: readonly Run[], range: Range): Run {
  const from = textOf(range.gte);
  const to = textOf(range.lt);
  let held: Run = [];
  for (const run of runs) {
    const start = lowerBound(run, from);
    const entry = run[start];
    if (entry === undefined || entry.text >= to) continue;
    held = merge(held, run.slice(start, lowerBound(run, to)));
  }
  return held;
}

function rangeOver(held: Run, behind: Pick<Engine, 'range'>, range: Range): Iterable<KeyValue> {
  if (held.length === 0) return behind.range(range);
  // Every held entry may hide one of those behind.
  const limit = range.limit === undefined ? {} : { limit: range.limit + held.length };
  return weave(held, behind.range({ ...range, ...limit }), range);
}

function* weave(
  held: Run,
  behind: Iterable<KeyValue>,
  { reverse = false, limit = Number.POSITIVE_INFINITY }: Range,
): Generator<KeyValue, void, void> {
  const ordered = reverse ? [...held].reverse() : held;
  const isBefore = (a: string, b: string): boolean => (reverse ? a > b : a < b);
  let left = limit;
  let at = 0;
  for (const entry of behind) {
    const text = textOf(entry.key);
    let next = ordered[at];
    while (next !== undefined && left > 0 && !isBefore(text, next.text)) {
      at += 1;
      if (next.value !== undefined) {
        left -= 1;
        yield { key: next.key, value: next.value };
      }
      if (next.text === text) break;
      next = ordered[at];
    }
    if (left <= 0) return;
    if (next?.text === text) continue;
    left -= 1;
    yield entry;
  }
  for (; at < ordered.length && left > 0; at += 1) {
    const next = ordered[at];
    if (next?.value === undefined) continue;
    left -= 1;
    yield { key: next.key, value: next.value };
  }
}

class OverlayEngine implements Engine {
  readonly #behind: Engine;
  readonly #handOverChanges: number;
  readonly #heldChangesMax: number;
  /** Replaced, never changed: a snapshot keeps the array that it began with. */
  #runs: readonly Run[] = [];
  /** How many of the oldest runs are on their way to the engine behind. */
  #runsOnTheirWay = 0;
  #onItsWay: Promise<void> | undefined;

  constructor(behind: Engine, handOverChanges: number, heldChangesMax: number) {
    this.#behind = behind;
    this.#handOverChanges = handOverChanges;
    this.#heldChangesMax = heldChangesMax;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const held = find(this.#runs, textOf(key));
    return held === undefined ? this.#behind.get(key) : held.value;
  }

  range(range: Range): Iterable<KeyValue> {
    return rangeOver(heldInside(this.#runs, range), this.#behind, range);
  }

  snapshot(): EngineSnapshot {
    const runs = this.#runs;
    const behind = this.#behind.snapshot();
    return {
      get: (key) => {
        const held = find(runs, textOf(key));
        return held === undefined ? behind.get(key) : held.value;
      },
      range: (range) => rangeOver(heldInside(runs, range), behind, range),
      visit: (range, visitor) => {
        const held = heldInside(runs, range);
        if (held.length === 0) behind.visit(range, visitor);
        else for (const { key, value } of rangeOver(held, behind, range)) visitor(key, value);
      },
      release: () => behind.release(),
    };
  }

  async commit(changes: readonly Change[]): Promise<void> {
    while (this.#heldChanges() >= this.#heldChangesMax) await this.#handOver();
    this.#add(runOf(changes));
    if (this.#heldChanges() < this.#handOverChanges || this.#onItsWay !== undefined) return;
    // A failure is kept by the runs that stay: the flush or the full commit that meets it rejects.
    this.#handOver().catch(() => {});
  }

  async flush(): Promise<void> {
    while (this.#runs.length > 0) await this.#handOver();
    await this.#behind.flush();
  }

  diskBytes(): Promise<number> {
    return this.#behind.diskBytes();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      await this.#behind.close();
    }
  }

  #heldChanges(): number {
    return this.#runs.reduce((sum, run) => sum + run.length, 0);
  }

  /** Runs of like size are merged, so that there are few of them and each change moves rarely. */
  #add(run: Run): void {
    const runs = [...this.#runs, run];
    while (runs.length - this.#runsOnTheirWay >= 2) {
      const [older, newer] = runs.slice(-2);
      if (older === undefined || newer === undefined || older.length > 2 * newer.length) break;
      runs.splice(-2, 2, merge(older, newer));
    }
    this.#runs = runs;
  }

  /** Hands on all that is held, or waits for what is on its way. */
  #handOver(): Promise<void> {
    this.#onItsWay ??= this.#handOverNow().finally(() => {
      this.#onItsWay = undefined;
      this.#runsOnTheirWay = 0;
    });
    return this.#onItsWay;
  }

  async #handOverNow(): Promise<void> {
    const runs = this.#runs;
    this.#runsOnTheirWay = runs.length;
    const merged = runs.reduce(merge, []);
    await this.#behind.commit(
      merged.map(({ key, value }) =>
        value === undefined ? { type: 'delete', key } : { type: 'put', key, value },
      ),
    );
    this.#runs = this.#runs.slice(runs.length);
  }
}
