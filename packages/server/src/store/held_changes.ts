/**
 * The changes of many commits in memory, each key once. A map finds a key; the order of keys is
 * worked out when a range is asked for, and only for what came since it was last asked for: whoever
 * only writes never pays for it.
 *
 * A key that is written again keeps its former values as long as a reader of that time is open.
 */
import type { Change, Range } from './engine.js';
import { asBuffer } from './entry.js';
import type { OpenReaders } from './open_readers.js';

/** What was said of a key from a commit on. */
interface Version {
  readonly commit: number;
  readonly change: Change;
  readonly older: Version | undefined;
}

interface Cell extends Version {
  commit: number;
  change: Change;
  older: Version | undefined;
  /** The key as latin-1 text, whose order is the bytewise order. */
  readonly text: string;
}

/** A key and what is said of it. */
interface Held {
  readonly text: string;
  readonly change: Change;
}

/** Sorted by key, each key once. */
export type Run = readonly Held[];

export const textOf = (key: Uint8Array): string => asBuffer(key).toString('latin1');

/** Index of the first entry that is not below `text`. */
function lowerBound(run: readonly { readonly text: string }[], text: string): number {
  let low = 0;
  let high = run.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((run[middle]?.text ?? '') < text) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Both in one; where they hold the same key, the newer counts. */
export function merged<T extends { readonly text: string }>(
  older: readonly T[],
  newer: readonly T[],
): readonly T[] {
  if (older.length === 0) return newer;
  if (newer.length === 0) return older;
  const both: T[] = [];
  let at = 0;
  for (const entry of newer) {
    let next = older[at];
    while (next !== undefined && next.text < entry.text) {
      both.push(next);
      at += 1;
      next = older[at];
    }
    if (next?.text === entry.text) at += 1;
    both.push(entry);
  }
  for (; at < older.length; at += 1) {
    const rest = older[at];
    if (rest !== undefined) both.push(rest);
  }
  return both;
}

function versionAt(cell: Cell, commit: number): Version | undefined {
  let version: Version | undefined = cell;
  while (version !== undefined && version.commit > commit) version = version.older;
  return version;
}

export class HeldChanges {
  readonly #cells = new Map<string, Cell>();
  /** What came since the last range. */
  #unsorted: Cell[] = [];
  /** Sorted, without a key in common, the newest last. */
  readonly #runs: (readonly Cell[])[] = [];

  /** How many keys are held. */
  get size(): number {
    return this.#cells.size;
  }

  add(change: Change, commit: number, readers: OpenReaders): void {
    const text = textOf(change.key);
    const cell = this.#cells.get(text);
    if (cell === undefined) {
      const added = { commit, change, older: undefined, text };
      this.#cells.set(text, added);
      this.#unsorted.push(added);
      return;
    }
    if (cell.commit < commit) cell.older = olderOf(cell, readers);
    cell.change = change;
    cell.commit = commit;
  }

  /** What a commit sees of a key; undefined when nothing was said of it by then. */
  find(text: string, commit: number): Change | undefined {
    const cell = this.#cells.get(text);
    return cell === undefined ? undefined : versionAt(cell, commit)?.change;
  }

  /** What a commit sees of a range, ascending. */
  inside({ gte, lt }: Range, commit: number): Run {
    this.#sort();
    const from = textOf(gte);
    const to = textOf(lt);
    let cells: readonly Cell[] = [];
    for (const run of this.#runs) {
      const start = lowerBound(run, from);
      const first = run[start];
      if (first === undefined || first.text >= to) continue;
      cells = merged(cells, run.slice(start, lowerBound(run, to)));
    }
    const held: Held[] = [];
    for (const cell of cells) {
      const version = versionAt(cell, commit);
      if (version !== undefined) held.push({ text: cell.text, change: version.change });
    }
    return held;
  }

  /** The last word on every key. */
  changes(): readonly Change[] {
    return Array.from(this.#cells.values(), ({ change }) => change);
  }

  /** Runs of like size are merged, so that there are few and each key moves rarely. */
  #sort(): void {
    if (this.#unsorted.length === 0) return;
    const runs = this.#runs;
    runs.push(this.#unsorted.sort((a, b) => (a.text < b.text ? -1 : 1)));
    this.#unsorted = [];
    while (runs.length >= 2) {
      const [older, newer] = runs.slice(-2);
      if (older === undefined || newer === undefined || older.length > 2 * newer.length) return;
      runs.splice(-2, 2, merged(older, newer));
    }
  }
}

/** What has to be kept of a cell that gets another value. */
function olderOf({ commit, change, older }: Cell, readers: OpenReaders): Version | undefined {
  const { oldest, newest } = readers;
  if (oldest === undefined) return undefined;
  // A reader from before this value needs what was before it, too.
  const chain = oldest < commit ? older : undefined;
  return newest < commit ? chain : { commit, change, older: chain };
}
