/**
 * Conflict: how far the values contradict each other (spec 6), from support with weight `e`.
 *
 * With p the leading value's share, the score is the binary entropy of p in bits, and 1 where
 * p < 1/2. Any further value can only lower p, so junk never hides a conflict. Without any
 * support (every confidence 0) nothing tells the values apart: they count as an even split.
 */
import { roundFigure } from './arithmetic.js';
import type { Conflict } from './lens.js';
import { inRanges, type Pace } from './pace.js';
import { sortRows } from './sorting.js';
import { binaryLogarithm } from './transcendental.js';

/** From this score on an answer is `contested`. */
const contestedFrom = 0.5;

/** The conflict among values with these supports (whole numbers; one for each value). */
export function* conflictOf(supports: readonly number[], pace: Pace): Generator<void, Conflict> {
  const valuesCount = supports.length;
  let total = 0;
  let leading = 0;
  yield* inRanges(valuesCount, pace, (from, to) => {
    for (let value = from; value < to; value++) {
      const support = supports[value] as number;
      total += support;
      leading = Math.max(leading, support);
    }
  });
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
  supports: readonly number[],
  total: number,
  pace: Pace,
): Generator<void, number> {
  const falling = supports.slice();
  yield* sortRows(falling, (a, b) => b - a, pace);
  let entropy = 0;
  let last = 0;
  let lastSurprise = 0;
  yield* inRanges(falling.length, pace, (from, to) => {
    for (let at = from; at < to; at++) {
      const support = falling[at] as number;
      // Equal supports stand side by side, and logarithms are dear.
      if (support !== last) lastSurprise = surprise(support, total);
      last = support;
      entropy += lastSurprise;
    }
  });
  return entropy;
}
