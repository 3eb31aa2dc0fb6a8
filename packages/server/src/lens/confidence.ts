/** `confidence`: the value with the single most confident claim. */
import { fromNano } from './arithmetic.js';
import { byConfidence, decide } from './deciding.js';
import type { Lens } from './lens.js';
import { bestClaimRoles } from './roles.js';

const rule = { weight: byConfidence, score: 'highest', shares: false } as const;

const wording = {
  best: 'its most confident claim',
  behind: "the winner's most confident claim is more confident",
};

export const confidence: Lens = {
  name: 'confidence',
  version: 1,
  scoreUnit: 'nano',
  formula: 'score = highest e of the value; confidence = the same',
  *resolve(candidates, question, { explain }) {
    const decided = yield* decide(candidates, question, rule, explain);
    return {
      values: decided.values,
      hasWinner: true,
      confidence: fromNano(decided.values[0]?.score ?? 0),
      conflict: decided.conflict,
      tied: decided.tied,
      truncated: decided.truncated,
      ...(explain ? { roles: yield* bestClaimRoles(decided, wording) } : {}),
    };
  },
};
