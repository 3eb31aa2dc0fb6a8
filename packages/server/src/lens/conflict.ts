/**
 * Conflict: how far the values contradict each other (spec 6), from support with weight `e`.
 *
 * With p the leading value's share, the score is the binary entropy of p in bits, and 1 where
 * p < 1/2. Any further value can only lower p, so junk never hides a conflict. Without any
 * support (every confidence 0) nothing tells the values apart: they count as an even split.
 */
import { roundFigure } from './arithmetic.js';
import type { Conflict } from './lens.js';
import type { Pace } from './pace.js';
import { sortRows } from './sorting.js';
import { binaryLogarithm } from './transcendental.js';

/** From this score on an answer is `contested`. */
const contestedFrom = 0.5;

/** The conflict among values with these supports (whole numbers; one for each value). */
export function* conflictOf(supports: Float64Array, pace: Pace): Generator<void, Conflict> {
  const valuesCount = supports.length;
  let total = 0;
  let leading = 0;
  for (const support of supports) {
    total += support;
    leading = Math.max(leading, support);
    if (pace.due()) yield;
  }
  const even = total === 0;
  const score = even ? evenSplitScore(valuesCount) : leadScore(leading, total);
  const entropy = even
    ? -binaryLogarithm(1 / valuesCount)
    : yield* shannonEntropy(supports, total, pace);
  const conflictScore = roundFigure(score);
  return {
    conflictScore,
    entropyBits: roundFigure(entropy),
    valuesCount,
    status: statusOf(valuesCount, conflictScore),
  };
}

function statusOf(valuesCount: number, conflictScore: number): Conflict['status'] {
  if (valuesCount === 1) return 'unanimous';
  return conflictScore < contestedFrom ? 'agreed' : 'contested';
}

function evenSplitScore(valuesCount: number): number {
  return valuesCount > 1 ? 1 : 0;
}

function leadScore(leading: number, total: number): number {
  if (2 * leading <= total) return 1;
  return surprise(leading, total) + surprise(total - leading, total);
}

/** One share's part of an entropy, in bits. */
function surprise(part: number, total: number): number {
  if (part === 0 || part === total) return 0;
  const share = part / total;
  return -share * binaryLogarithm(share);
}

/** Summed from the largest support down, so that the order of values does not matter. */
function* shannonEntropy(
  supports: Float64Array,
  total: number,
  pace: Pace,
): Generator<void, number> {
  const rows = new Uint32Array(supports.length);
  for (let i = 0; i < rows.length; i++) rows[i] = i;
  yield* sortRows(rows, (a, b) => (supports[b] as number) - (supports[a] as number), pace);
  let entropy = 0;
  for (const row of rows) {
    entropy += surprise(supports[row] as number, total);
    if (pace.due()) yield;
  }
  return entropy;
}
