/**
 * What the lenses share: group the candidates, weigh them, score and rank the values, and measure
 * the conflict. A lens says which weight counts and how a value's score comes from its claims.
 */
import { conflictOf } from './conflict.js';
import { type Groups, groupByValue } from './grouping.js';
import type { Candidate, Conflict, LensQuestion, RankedValue } from './lens.js';
import { inRanges, Pace, zeros } from './pace.js';
import { type RowOrder, sortRows } from './sorting.js';
import { claimOrder, Voices, type Weights, weigh } from './support.js';

export interface Rule {
  /** The weight of a claim: the score factor, by which a representative is chosen too. */
  readonly weight: (candidate: Candidate) => number;
  /** `highest`: the value's best claim; `support`: its independent voices; `sum`: all its claims,
   * whose weights may then be negative. */
  readonly score: 'highest' | 'support' | 'sum';
  /** Whether score / sum of scores means something. */
  readonly shares: boolean;
}

export interface Decided {
  readonly groups: Groups;
  readonly weights: Weights;
  /** By falling score, equal scores by their representatives. */
  readonly values: readonly RankedValue[];
  readonly conflict: Conflict;
  readonly tied: boolean;
  /** Rows without a voice: beyond the work limit, or their search given up. */
  readonly truncated: number;
  /** Such rows by weight `e` alone: those that the conflict lacks. */
  readonly truncatedInConflict: number;
  /** By candidate, see `Voice`; only under `support` and when to be explained. */
  readonly voices: Uint8Array | undefined;
}

/** The weight `e`, which the conflict of every lens is measured by. */
export const byConfidence = (candidate: Candidate): number => candidate.confidence;

/** Decides by a rule; `candidates` are never empty. */
export function* decide(
  candidates: readonly Candidate[],
  question: LensQuestion,
  rule: Rule,
  explain: boolean,
): Generator<void, Decided> {
  if (candidates.length === 0) throw new RangeError('a lens needs at least one candidate');
  const pace = new Pace();
  const groups = yield* groupByValue(candidates, question, pace);
  const weights = yield* weigh(groups, rule.weight, pace);
  const voices = new Voices(groups, pace);
  const notes = explain && rule.score === 'support' ? new Uint8Array(candidates.length) : undefined;
  const own = rule.score === 'support' ? yield* voices.supports(weights, notes) : undefined;
  const common =
    own !== undefined && rule.weight === byConfidence
      ? own
      : yield* voices.supports(yield* weigh(groups, byConfidence, pace));
  const scores = rule.score === 'sum' ? yield* sumByValue(groups, weights, pace) : own?.support;
  const { shares } = rule;
  const voiced = own !== undefined;
  const values = yield* rank(
    { groups, weights, scores, support: common.support, voiced, shares },
    pace,
  );
  return {
    groups,
    weights,
    values,
    conflict: yield* conflictOf(common.support, pace),
    tied: values.length > 1 && values[0]?.score === values[1]?.score,
    truncated: groups.truncated + Math.max(own?.givenUp ?? 0, common.givenUp),
    truncatedInConflict: groups.truncated + common.givenUp,
    voices: notes,
  };
}

/** How far all candidates contradict each other, and the rows without a voice among them. */
export function* conflictAmong(
  candidates: readonly Candidate[],
  question: LensQuestion,
): Generator<void, Pick<Decided, 'conflict' | 'truncatedInConflict'>> {
  const pace = new Pace();
  const groups = yield* groupByValue(candidates, question, pace);
  const weights = yield* weigh(groups, byConfidence, pace);
  const { support, givenUp } = yield* new Voices(groups, pace).supports(weights);
  const conflict = yield* conflictOf(support, pace);
  return { conflict, truncatedInConflict: groups.truncated + givenUp };
}

interface Scored {
  readonly groups: Groups;
  readonly weights: Weights;
  /** By value; undefined when the representative's weight is the score. */
  readonly scores: readonly number[] | undefined;
  readonly support: readonly number[];
  /** Whether voices decide. */
  readonly voiced: boolean;
  readonly shares: boolean;
}

function* sumByValue(groups: Groups, weights: Weights, pace: Pace): Generator<void, number[]> {
  const { starts, members } = groups;
  const sums = zeros(groups.keys.length);
  for (let value = 0; value < sums.length; value++) {
    const start = starts[value] as number;
    const count = (starts[value + 1] as number) - start;
    yield* inRanges(count, pace, (from, to) => {
      let sum = sums[value] as number;
      for (let i = from; i < to; i++) sum += weights[members[start + i] as number] as number;
      sums[value] = sum;
    });
  }
  return sums;
}

function* rank(scored: Scored, pace: Pace): Generator<void, RankedValue[]> {
  const { groups, weights, support, shares } = scored;
  const { candidates, starts } = groups;
  const order = scored.voiced ? voicedOrder(scored) : claimOrder(candidates, weights);
  const firsts = yield* representatives(groups, order, pace);
  const scores = scored.scores ?? firsts.map((row) => weights[row] as number);
  const ranked = zeros(firsts.length);
  let total = 0;
  yield* inRanges(ranked.length, pace, (from, to) => {
    for (let value = from; value < to; value++) {
      ranked[value] = value;
      total += Math.max(0, scores[value] as number);
    }
  });
  const better = (a: number, b: number): number =>
    (scores[b] as number) - (scores[a] as number) ||
    order(firsts[a] as number, firsts[b] as number);
  yield* sortRows(ranked, better, pace);
  const values: RankedValue[] = [];
  yield* inRanges(ranked.length, pace, (from, to) => {
    for (let at = from; at < to; at++) {
      const value = ranked[at] as number;
      const score = scores[value] as number;
      const representative = candidates[firsts[value] as number] as Candidate;
      const { valueKey } = representative;
      const claims = (starts[value + 1] as number) - (starts[value] as number);
      const of = { valueKey, representative, score, claims, support: support[value] as number };
      if (shares) values.push(withShare(of, total));
      else values.push(of);
    }
  });
  return values;
}

/** Written out: an object spread for each of thousands of values costs as much as sorting them. */
const withShare = (
  { valueKey, representative, score, claims, support }: RankedValue,
  total: number,
): RankedValue => {
  const share = total === 0 ? 0 : Math.max(0, score) / total;
  return { valueKey, representative, score, share, claims, support };
};

/**
 * The order of claims where voices decide: a claim without a voice comes last, else a flood
 * beyond the work limit could turn a tie by taking the representative's place.
 */
function voicedOrder({ groups, weights }: Scored): RowOrder {
  const order = claimOrder(groups.candidates, weights);
  const { voiceless } = groups;
  if (voiceless === undefined) return order;
  return (a, b) => (voiceless[a] as number) - (voiceless[b] as number) || order(a, b);
}

/** The first claim of each value in the order of claims. */
function* representatives(
  { starts, members }: Groups,
  order: RowOrder,
  pace: Pace,
): Generator<void, number[]> {
  const firsts = zeros(starts.length - 1);
  for (let value = 0; value < firsts.length; value++) {
    const start = starts[value] as number;
    let best = members[start] as number;
    yield* inRanges((starts[value + 1] as number) - start, pace, (from, to) => {
      for (let i = from; i < to; i++) {
        const row = members[start + i] as number;
        if (order(row, best) < 0) best = row;
      }
    });
    firsts[value] = best;
  }
  return firsts;
}
