/**
 * The body that lenses share which are one rule over all candidates: decide by the rule, take the
 * confidence from the first value, and put the candidates' parts into words when asked for.
 */
import { fromNano, roundFigure } from './arithmetic.js';
import { type Decided, decide, type Rule } from './deciding.js';
import type { CandidateRole, Lens, LensQuestion, RankedValue, Resolution } from './lens.js';

/** What such a lens consists of, beside what it says of itself. */
export interface Ranking extends Omit<Lens, 'resolve'> {
  readonly rule: Rule;
  /** From the first value, in [0, 1]; undefined: no value wins. */
  readonly confidence: ((first: RankedValue) => number) | undefined;
  readonly roles: (decided: Decided, question: LensQuestion) => Generator<void, CandidateRole[]>;
}

/** Makes the lens of a ranking. */
export function rankingLens({ rule, confidence, roles, ...stated }: Ranking): Lens {
  return {
    ...stated,
    *resolve(candidates, question, { explain }) {
      const decided = yield* decide(candidates, question, rule, explain);
      return resolutionOf(decided, {
        confidence,
        roles: explain ? yield* roles(decided, question) : undefined,
      });
    },
  };
}

/** The resolution of a decision. */
export function resolutionOf(
  { values, conflict, tied, truncated }: Decided,
  answer: Pick<Ranking, 'confidence'> & { readonly roles: readonly CandidateRole[] | undefined },
): Resolution {
  const [first] = values;
  const { confidence, roles } = answer;
  return {
    values,
    hasWinner: confidence !== undefined,
    confidence: first === undefined ? 0 : (confidence?.(first) ?? 0),
    conflict,
    tied,
    truncated,
    ...(roles === undefined ? {} : { roles }),
  };
}

/** Confidence of an answer: its value's share of the scores. */
export const byShare = ({ share }: RankedValue): number => roundFigure(share ?? 0);

/** Confidence of an answer: `e` of the claim that stands for its value. */
export const byRepresentative = ({ representative }: RankedValue): number =>
  fromNano(representative.confidence);
