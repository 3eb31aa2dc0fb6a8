/**
 * `layered`: the best populated tier decides alone, whatever stands below it; every tier's own
 * answer is given beside it. So volume in a lower tier never outvotes a higher one.
 */
import { multiplyNano, roundFigure } from './arithmetic.js';
import { conflictAmong, type Decided, decide } from './deciding.js';
import type { Candidate, CandidateRole, Lens, LensQuestion, Nano, TierResolution } from './lens.js';
import { rowsPerStep } from './lens.js';
import { voiceRoles } from './roles.js';

const weight = ({ confidence, trust }: Candidate): Nano => multiplyNano(confidence, trust);

const rule = { weight, score: 'support', shares: true } as const;

const behind = 'less support in its tier than the winner';

export const layered: Lens = {
  name: 'layered',
  version: 1,
  scoreUnit: 'nano',
  usesTrust: true,
  formula:
    'the best populated tier alone: score = support with weight e * r; ' +
    'confidence = share within that tier',
  *resolve(candidates, question, { explain }) {
    const decisions: { readonly tier: number; readonly decided: Decided }[] = [];
    for (const [tier, claims] of yield* byTier(candidates)) {
      const first = decisions.length === 0;
      decisions.push({
        tier,
        decided: yield* decide(claims, question, rule, explain && first),
      });
    }
    const tiers = decisions.map(({ tier, decided }) => tierOf(tier, decided, question));
    const [best] = decisions;
    if (best === undefined) throw new RangeError('a lens needs at least one candidate');
    const all = decisions.length === 1 ? best.decided : yield* conflictAmong(candidates, question);
    return {
      values: best.decided.values,
      hasWinner: true,
      confidence: roundFigure(best.decided.values[0]?.share ?? 0),
      conflict: all.conflict,
      tied: best.decided.tied,
      truncated: all.truncatedInConflict,
      tiers,
      ...(explain ? { roles: yield* rolesOf(candidates, best, question) } : {}),
    };
  },
};

/** Candidates of each populated tier, the best tier first. */
function* byTier(
  candidates: readonly Candidate[],
): Generator<void, readonly (readonly [number, readonly Candidate[]])[]> {
  const tiers = new Map<number, Candidate[]>();
  for (const [row, candidate] of candidates.entries()) {
    const claims = tiers.get(candidate.tier);
    if (claims === undefined) tiers.set(candidate.tier, [candidate]);
    else claims.push(candidate);
    if (row % rowsPerStep === rowsPerStep - 1) yield;
  }
  return [...tiers].sort(([a], [b]) => a - b);
}

function tierOf(tier: number, decided: Decided, question: LensQuestion): TierResolution {
  return {
    tier,
    className: question.tierNames[tier] ?? `tier ${tier}`,
    values: decided.values,
    confidence: roundFigure(decided.values[0]?.share ?? 0),
    conflict: decided.conflict,
    tied: decided.tied,
  };
}

/** The deciding tier's claims have their roles there; all others lost by their tier. */
function* rolesOf(
  candidates: readonly Candidate[],
  best: { readonly tier: number; readonly decided: Decided },
  question: LensQuestion,
): Generator<void, CandidateRole[]> {
  const inside = yield* voiceRoles(best.decided, question, behind);
  const className = question.tierNames[best.tier] ?? `tier ${best.tier}`;
  const reason = `lost: ${className}, a better tier, decides`;
  let next = 0;
  const roles: CandidateRole[] = [];
  for (const [row, { id, tier }] of candidates.entries()) {
    const role = tier === best.tier ? inside[next++] : undefined;
    roles.push(role ?? { id, contribution: 0, reason });
    if (row % rowsPerStep === rowsPerStep - 1) yield;
  }
  return roles;
}
