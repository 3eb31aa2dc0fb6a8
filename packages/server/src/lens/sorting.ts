/** Sorting that gives way: native sorts of short runs, merged step by step. */
import { rowsPerStep } from './lens.js';
import type { Pace } from './pace.js';

/** How two rows, given by their numbers, stand to each other: negative when `a` comes first. */
export type RowOrder = (a: number, b: number) => number;

/** Rows that are put in their places one by one: a call of the native sort costs more. */
const rowsPlacedMax = 12;

/** Sorts row numbers in place; stable, so equal rows keep their order. */
export function* sortRows(rows: number[], order: RowOrder, pace: Pace): Generator<void, void> {
  if (rows.length <= rowsPerStep) {
    if (rows.length <= rowsPlacedMax) placeRows(rows, order);
    else rows.sort(order);
    if (pace.due(rows.length)) yield;
    return;
  }
  const runs: number[] = [];
  for (let from = 0; from < rows.length; from += rowsPerStep) {
    const run = rows.slice(from, from + rowsPerStep).sort(order);
    for (const row of run) runs.push(row);
    if (pace.due(run.length)) yield;
  }
  let source = runs;
  let target = rows;
  for (let width = rowsPerStep; width < rows.length; width *= 2) {
    for (let from = 0; from < rows.length; from += 2 * width) {
      yield* merge(source, target, [from, from + width, from + 2 * width], order, pace);
    }
    [source, target] = [target, source];
  }
  if (source !== rows) for (let at = 0; at < rows.length; at++) rows[at] = source[at] as number;
}

function placeRows(rows: number[], order: RowOrder): void {
  for (let at = 1; at < rows.length; at++) {
    const row = rows[at] as number;
    let place = at;
    for (; place > 0 && order(rows[place - 1] as number, row) > 0; place--) {
      rows[place] = rows[place - 1] as number;
    }
    rows[place] = row;
  }
}

function* merge(
  source: readonly number[],
  target: number[],
  [from, middle, to]: readonly [number, number, number],
  order: RowOrder,
  pace: Pace,
): Generator<void, void> {
  const end = Math.min(to, source.length);
  const split = Math.min(middle, end);
  let left = from;
  let right = split;
  for (let out = from; out < end; out++) {
    const a = source[left] as number;
    const b = source[right] as number;
    const takeLeft = right >= end || (left < split && order(a, b) <= 0);
    target[out] = takeLeft ? a : b;
    if (takeLeft) left += 1;
    else right += 1;
    if (pace.due()) yield;
  }
}
