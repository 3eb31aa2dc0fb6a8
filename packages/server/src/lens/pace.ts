/**
 * When a lens gives way. Limits count work, not time, so every node steps alike (spec 6): one
 * unit is a candidate visited, an element merged by a sort, or an edge followed by a search.
 *
 * Most questions are about a few candidates, and a generator for every loop over them costs more
 * than the loops. So a loop over rows is a plain function of a range, which `inRanges` calls once
 * for few rows and range by range for many.
 */
import { rowsPerStep } from './lens.js';

/** Rows of one range. */
const rowsPerRange = 1024;

const noStep: readonly undefined[] = [];
const oneStep: readonly undefined[] = [undefined];

export class Pace {
  #left = rowsPerStep;

  /** Counts work; true when the caller must yield now. */
  due(work = 1): boolean {
    this.#left -= work;
    if (this.#left > 0) return false;
    this.#left = rowsPerStep;
    return true;
  }
}

/** Does work over so many rows; the result is what to yield meanwhile. */
export function inRanges(
  count: number,
  pace: Pace,
  work: (from: number, to: number) => void,
): Iterable<undefined> {
  if (count > rowsPerRange) return rangeByRange(count, pace, work);
  work(0, count);
  return pace.due(count) ? oneStep : noStep;
}

function* rangeByRange(
  count: number,
  pace: Pace,
  work: (from: number, to: number) => void,
): Generator<undefined, void> {
  for (let from = 0; from < count; from += rowsPerRange) {
    const to = Math.min(count, from + rowsPerRange);
    work(from, to);
    if (pace.due(to - from)) yield;
  }
}

/** An array of so many zeros. A plain one: that of a few rows costs a tenth of a typed array. */
export function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}
