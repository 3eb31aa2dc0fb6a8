/** Candidates for the lens tests: short literals in, complete candidates out. */
import type { RecordId, ValueKey } from '@stemedb/model';
import fc from 'fast-check';
import { toNano } from '../../src/lens/arithmetic.js';
import type { Candidate, Lens, LensQuestion, Resolution } from '../../src/lens/lens.js';

export const question: LensQuestion = {
  tierNames: ['regulatory', 'clinical', 'observational', 'expert', 'community', 'anecdotal'],
  supportRowsMax: 200_000,
};

const tierWeights = [1, 0.8, 0.6, 0.4, 0.2, 0.1];

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
}

/** The nth draft of a list; its number stands for what the draft leaves out. */
export function candidate(draft: Draft, n = 0): Candidate {
  const tier = draft.tier ?? 4;
  return {
    id: (draft.id ?? `c${String(n).padStart(8, '0')}`) as RecordId,
    valueKey: draft.value as ValueKey,
    agent: draft.agent,
    origin: draft.origin,
    tier,
    weight: toNano(tierWeights[tier] ?? 0),
    confidence: toNano(draft.e ?? 1),
    trust: toNano(draft.r ?? 0.5),
    effectiveMs: draft.at ?? 0,
    stamp: (draft.stamp ?? n).toString(16).padStart(32, '0'),
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

/** 1 to 30 candidates of up to 4 values, 8 agents and 8 origins. */
export const candidatesArbitrary: fc.Arbitrary<Candidate[]> = fc
  .array(draftArbitrary, { minLength: 1, maxLength: 30 })
  .map(candidates);

/** Runs of a property: the CI count, or the long one. */
export const runs = (ci: number, long: number): { readonly numRuns: number } => ({
  numRuns: process.env.STEMEDB_SOAK === '1' ? long : ci,
});
