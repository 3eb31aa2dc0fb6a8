/**
 * The contract of a lens: a pure function from candidates and a question to a resolution, written
 * as a generator so that the caller can check deadlines and give way between steps (spec 6).
 *
 * Arithmetic: every factor is a whole number of 10^-9 (`Nano`), rounded half to even; products are
 * rounded again; sums are of whole numbers; only the answer divides. So order never matters.
 */
import type { RecordId, ValueKey } from '@stemedb/model';

/** A whole number of 10^-9. */
export type Nano = number;

/** A vote on a claim. One voter may have several, on one claim and on different ones. */
export interface CandidateVote {
  /** Number of the voter, the same for the same agent; dense from 0 within a resolution. */
  readonly voter: number;
  /** From -10^9 to 10^9, made by `toSignedNano`; 0 withdraws what the voter said before of the
   * value. */
  readonly weight: Nano;
  /** min(asserted_at, recorded_at), milliseconds. */
  readonly effectiveMs: number;
  /** Of the vote. */
  readonly id: RecordId;
}

/** A claim as a lens sees it, every factor already taken from the records and the policy. */
export interface Candidate {
  readonly id: RecordId;
  /** Sequence under which the store has the claim, where that is known: no lens looks at it. */
  readonly home?: number;
  readonly valueKey: ValueKey;
  /** Number of the author (the first of the chain), the same for the same agent. */
  readonly agent: number;
  /** Number of the resolved origin, the same for the same origin. */
  readonly origin: number;
  /** The tier that counts, 0 (best) to 5. */
  readonly tier: number;
  /** `w`: the weight of the tier. */
  readonly weight: Nano;
  /** `e`: the confidence after decay. */
  readonly confidence: Nano;
  /** `r`: the trust of the author. */
  readonly trust: Nano;
  /** min(asserted_at, recorded_at), milliseconds. */
  readonly effectiveMs: number;
  /** The recording stamp, for work limits: the earliest recorded count first. */
  readonly stamp: string;
  /** Given only to a lens that `usesVotes`; in no order. Those on the claims before it in its chain
   * of transitions are among them. */
  readonly votes?: readonly CandidateVote[];
}

export interface LensQuestion {
  /** Name of each tier's class, by tier. */
  readonly tierNames: readonly string[];
  /** Distinct (value, agent, origin) rows that support may use a tier. */
  readonly supportRowsMax: number;
}

export interface RankedValue {
  readonly valueKey: ValueKey;
  /** First claim of the value by (score factor, better tier, later effective time, smaller id). */
  readonly representative: Candidate;
  /** In the unit of the lens: Nano for weights and voices, milliseconds for `recency`. Below 0
   * only where a lens knows voices against a value. */
  readonly score: number;
  /** score / sum of positive scores, in [0, 1], else 0; undefined where a share means
   * nothing (`recency`, `confidence`). */
  readonly share?: number;
  readonly claims: number;
  /** Support with weight `e`, Nano. */
  readonly support: Nano;
}

/** How far the values contradict each other, by support with weight `e`; nine decimals. */
export interface Conflict {
  /** Binary entropy in bits of the leading value's share, 1 where that is below one half. */
  readonly conflictScore: number;
  /** Shannon entropy in bits of all shares. */
  readonly entropyBits: number;
  readonly valuesCount: number;
  /** One value; or a score below 0.5; or more. */
  readonly status: 'unanimous' | 'agreed' | 'contested';
}

/** What one tier would answer alone: supports, claims and conflict are of this tier's claims. */
export interface TierResolution {
  readonly tier: number;
  readonly className: string;
  readonly values: readonly RankedValue[];
  readonly confidence: number;
  readonly conflict: Conflict;
  readonly tied: boolean;
}

/** How one candidate took part: what `explain` shows beside its factors. */
export interface CandidateRole {
  readonly id: RecordId;
  /** What the claim added to its value's score, in the unit of the lens. */
  readonly contribution: number;
  /** Why it stands where it stands, for a person. */
  readonly reason: string;
}

export interface Resolution {
  /** Values by falling score; the first is the winner, except under `skeptic`. */
  readonly values: readonly RankedValue[];
  readonly hasWinner: boolean;
  /** In [0, 1]; 0 when no value wins. */
  readonly confidence: number;
  /** Over all candidates, whatever part of them decides. */
  readonly conflict: Conflict;
  /** True when the first value shares its score with the next. */
  readonly tied: boolean;
  /** Distinct (value, agent, origin) rows left without a voice by a work limit. */
  readonly truncated: number;
  readonly tiers?: readonly TierResolution[];
  /** In the order of the candidates given; present only when asked for. */
  readonly roles?: readonly CandidateRole[];
  /** What the lens wants the reader to know, such as a fallback. */
  readonly notes?: readonly string[];
}

/** The pairs that a collecting lens is asked about, instead of all predicates of one concept. */
export interface Collection {
  /** A predicate takes part when it begins with one of these. */
  readonly predicatePrefixes: readonly string[];
  /** Pairs of the concept's ancestors take part too. */
  readonly ancestors: true;
}

export interface Lens {
  readonly name: string;
  /** Raised whenever the same candidates could give another answer. */
  readonly version: number;
  /** Unit of scores and contributions; an answer shows `nano` as plain numbers. */
  readonly scoreUnit: 'nano' | 'milliseconds';
  /** One sentence for documentation and `explain`: how the score is made. */
  readonly formula: string;
  /** The lens reads `votes` of candidates. */
  readonly usesVotes?: true;
  /** The lens reads `trust` of candidates, so that its answer moves as trust does. */
  readonly usesTrust?: true;
  /** Set by a lens that is asked about a concept and answers by predicates of its own choice. */
  readonly collects?: Collection;
  /**
   * Yields at least once in `rowsPerStep` units of work (candidates visited, edges followed).
   * The answer depends on the set of candidates, not on their order. Candidates are never empty.
   */
  resolve(
    candidates: readonly Candidate[],
    question: LensQuestion,
    options: { readonly explain: boolean },
  ): Generator<void, Resolution, void>;
}

/** Units of work (candidates visited, edges followed) that a lens may do between two yields. */
export const rowsPerStep = 4096;
