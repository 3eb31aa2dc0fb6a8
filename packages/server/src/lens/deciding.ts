/**
 * What the lenses share: group the candidates, weigh them, score and rank the values, and measure
 * the conflict. A lens says which weight counts and how a value's score comes from its claims.
 */
import { conflictOf } from './conflict.js';
import { type Groups, groupByValue } from './grouping.js';
import type { Candidate, Conflict, LensQuestion, RankedValue } from './lens.js';
import { Pace } from './pace.js';
import { type RowOrder, sortRows } from './sorting.js';
import { claimOrder, type Supports, supportByValue, type Weights, weigh } from './support.js';

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
  const voices =
    explain && rule.score === 'support' ? new Uint8Array(candidates.length) : undefined;
  const own =
    rule.score === 'support' ? yield* supportByValue(groups, weights, pace, voices) : undefined;
  const common =
    own !== undefined && rule.weight === byConfidence
      ? own
      : yield* confidenceSupport(groups, pace);
  const scores = rule.score === 'sum' ? yield* sumByValue(groups, weights, pace) : own?.support;
  const scored = { groups, weights, scores, support: common.support, voiced: own !== undefined };
  const values = yield* rank({ ...scored, shares: rule.shares }, pace);
  return {
    groups,
    weights,
    values,
    conflict: yield* conflictOf(common.support, pace),
    tied: values.length > 1 && values[0]?.score === values[1]?.score,
    truncated: groups.truncated + Math.max(own?.givenUp ?? 0, common.givenUp),
    voices,
  };
}

function* confidenceSupport(groups: Groups, pace: Pace): Generator<void, Supports> {
  const confidences = yield* weigh(groups, byConfidence, pace);
  return yield* supportByValue(groups, confidences, pace);
}

interface Scored {
  readonly groups: Groups;
  readonly weights: Weights;
  /** By value; undefined when the representative's weight is the score. */
  readonly scores: Float64Array | undefined;
  readonly support: Float64Array;
  /** Whether voices decide. */
  readonly voiced: boolean;
  readonly shares: boolean;
}

function* sumByValue(groups: Groups, weights: Weights, pace: Pace): Generator<void, Float64Array> {
  const sums = new Float64Array(groups.keys.length);
  for (const [row, value] of groups.valueAt.entries()) {
    sums[value] = (sums[value] as number) + (weights[row] as number);
    if (pace.due()) yield;
  }
  return sums;
}

function* rank(scored: Scored, pace: Pace): Generator<void, RankedValue[]> {
  const { groups, weights, support } = scored;
  const order = scored.voiced ? voiced(scored) : claimOrder(groups.candidates, weights);
  const firsts = yield* representatives(groups, order, pace);
  const scores = scored.scores ?? firsts.map((row) => weights[row] as number);
  const ranked = new Uint32Array(groups.keys.length);
  let total = 0;
  for (let value = 0; value < ranked.length; value++) {
    ranked[value] = value;
    total += Math.max(0, scores[value] as number);
    if (pace.due()) yield;
  }
  const better = (a: number, b: number): number =>
    (scores[b] as number) - (scores[a] as number) ||
    order(firsts[a] as number, firsts[b] as number);
  yield* sortRows(ranked, better, pace);
  const values: RankedValue[] = [];
  for (const value of ranked) {
    const score = scores[value] as number;
    const representative = groups.candidates[firsts[value] as number] as Candidate;
    const { valueKey } = representative;
    const claims = (groups.starts[value + 1] as number) - (groups.starts[value] as number);
    const of = { valueKey, representative, score, claims, support: support[value] as number };
    if (scored.shares) values.push(withShare(of, total));
    else values.push(of);
    if (pace.due()) yield;
  }
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
function voiced({ groups, weights }: Scored): RowOrder {
  const order = claimOrder(groups.candidates, weights);
  const { voiceless } = groups;
  if (voiceless === undefined) return order;
  return (a, b) => (voiceless[a] as number) - (voiceless[b] as number) || order(a, b);
}

/** The first claim of each value in the order of claims. */
function* representatives(
  groups: Groups,
  order: RowOrder,
  pace: Pace,
): Generator<void, Float64Array> {
  const { starts, members } = groups;
  const firsts = new Float64Array(groups.keys.length);
  for (let value = 0; value < firsts.length; value++) {
    const end = starts[value + 1] as number;
    let best = members[starts[value] as number] as number;
    for (let at = (starts[value] as number) + 1; at < end; at++) {
      const row = members[at] as number;
      if (order(row, best) < 0) best = row;
      if (pace.due()) yield;
    }
    firsts[value] = best;
    if (pace.due()) yield;
  }
  return firsts;
}
