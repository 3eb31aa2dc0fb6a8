/** Candidates for the lens tests: short literals in, complete candidates out. */
import type { RecordId, ValueKey } from '@stemedb/model';
import fc from 'fast-check';
import { toNano, toSignedNano } from '../../src/lens/arithmetic.js';
import type {
  Candidate,
  CandidateVote,
  Lens,
  LensQuestion,
  Resolution,
} from '../../src/lens/lens.js';

export const question: LensQuestion = {
  tierNames: ['regulatory', 'clinical', 'observational', 'expert', 'community', 'anecdotal'],
  supportRowsMax: 200_000,
};

const tierWeights = [1, 0.8, 0.6, 0.4, 0.2, 0.1];

export interface VoteDraft {
  readonly id?: string;
  readonly voter: number;
  /** Decimal, as a record states it. */
  readonly weight: number;
  readonly at?: number;
}

export interface Draft {
  readonly id?: string;
  readonly value: string;
  readonly agent: number;
  readonly origin: number;
  readonly tier?: number;
  /** Decimal, as a record states it. */
  readonly e?: number;
  readonly r?: number;
  readonly at?: number;
  readonly stamp?: number;
  readonly votes?: readonly VoteDraft[];
}

/** The nth vote of a list on the claim of that id. */
export const vote = (draft: VoteDraft, claimId = '', n = 0): CandidateVote => ({
  voter: draft.voter,
  weight: toSignedNano(draft.weight),
  effectiveMs: draft.at ?? 0,
  id: (draft.id ?? `v${claimId}-${n}`) as RecordId,
});

/** The nth draft of a list; its number stands for what the draft leaves out. */
export function candidate(draft: Draft, n = 0): Candidate {
  const tier = draft.tier ?? 4;
  const id = draft.id ?? `c${String(n).padStart(8, '0')}`;
  const { votes } = draft;
  return {
    id: id as RecordId,
    valueKey: draft.value as ValueKey,
    agent: draft.agent,
    origin: draft.origin,
    tier,
    weight: toNano(tierWeights[tier] ?? 0),
    confidence: toNano(draft.e ?? 1),
    trust: toNano(draft.r ?? 0.5),
    effectiveMs: draft.at ?? 0,
    stamp: (draft.stamp ?? n).toString(16).padStart(32, '0'),
    ...(votes === undefined ? {} : { votes: votes.map((one, k) => vote(one, id, k)) }),
  };
}

export const candidates = (drafts: readonly Draft[]): Candidate[] =>
  drafts.map((draft, n) => candidate(draft, n));

/** Runs a lens to its end. */
export function run(
  lens: Lens,
  rows: readonly Candidate[],
  options: { readonly explain?: boolean; readonly supportRowsMax?: number } = {},
): Resolution {
  const asked = { ...question, supportRowsMax: options.supportRowsMax ?? question.supportRowsMax };
  const steps = lens.resolve(rows, asked, { explain: options.explain ?? false });
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}

/** Weights that meet often, so that ties are the rule. */
export const weightArbitrary: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(0, 0.1, 0.25, 0.5, 0.9, 1) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 1e9 }).map((n) => n / 1e9) },
);

/** Few voters and times, so that they meet often. */
export const voteArbitrary: fc.Arbitrary<VoteDraft> = fc.record({
  voter: fc.nat({ max: 5 }),
  weight: fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(-1, -0.5, 0, 0.25, 1) },
    { weight: 1, arbitrary: fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 1e9) },
  ),
  at: fc.nat({ max: 4 }),
});

export const draftArbitrary: fc.Arbitrary<Draft> = fc.record({
  value: fc.constantFrom('a', 'b', 'c', 'd'),
  agent: fc.nat({ max: 7 }),
  origin: fc.nat({ max: 7 }),
  tier: fc.nat({ max: 5 }),
  e: weightArbitrary,
  r: weightArbitrary,
  at: fc.nat({ max: 5 }),
  stamp: fc.nat({ max: 30 }),
});

const votedDraftArbitrary: fc.Arbitrary<Draft> = fc
  .tuple(draftArbitrary, fc.array(voteArbitrary, { maxLength: 4 }))
  .map(([draft, votes]) => ({ ...draft, votes }));

/** As `candidatesArbitrary`, half of the times with up to 4 votes on each claim. */
export const votedCandidatesArbitrary: fc.Arbitrary<Candidate[]> = fc
  .oneof(
    fc.array(draftArbitrary, { minLength: 1, maxLength: 30 }),
    fc.array(votedDraftArbitrary, { minLength: 1, maxLength: 30 }),
  )
  .map(candidates);

/** 1 to 30 candidates of up to 4 values, 8 agents and 8 origins. */
export const candidatesArbitrary: fc.Arbitrary<Candidate[]> = fc
  .array(draftArbitrary, { minLength: 1, maxLength: 30 })
  .map(candidates);

/** Runs of a property: the CI count, or the long one. */
export const runs = (ci: number, long: number): { readonly numRuns: number } => ({
  numRuns: process.env.STEMEDB_SOAK === '1' ? long : ci,
});
