/** `recency`: what was said last, by effective time. */
import { fromNano } from './arithmetic.js';
import { decide } from './deciding.js';
import type { Lens } from './lens.js';
import { bestClaimRoles } from './roles.js';

const rule = {
  weight: (candidate: { readonly effectiveMs: number }) => candidate.effectiveMs,
  score: 'highest',
  shares: false,
} as const;

const wording = { best: 'its newest claim', behind: "the winner's newest claim is newer" };

export const recency: Lens = {
  name: 'recency',
  version: 1,
  scoreUnit: 'milliseconds',
  formula: 'score = newest effective time of the value; confidence = that of its newest claim',
  *resolve(candidates, question, { explain }) {
    const decided = yield* decide(candidates, question, rule, explain);
    return {
      values: decided.values,
      hasWinner: true,
      confidence: fromNano(decided.values[0]?.representative.confidence ?? 0),
      conflict: decided.conflict,
      tied: decided.tied,
      truncated: decided.truncated,
      ...(explain ? { roles: yield* bestClaimRoles(decided, wording) } : {}),
    };
  },
};
