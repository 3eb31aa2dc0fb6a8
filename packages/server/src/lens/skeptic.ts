/** `skeptic`: no winner; every value with its share of the support, so that a reader decides. */
import { byConfidence, decide } from './deciding.js';
import type { Lens } from './lens.js';
import { voiceRoles } from './roles.js';

const rule = { weight: byConfidence, score: 'support', shares: true } as const;

export const skeptic: Lens = {
  name: 'skeptic',
  version: 1,
  scoreUnit: 'nano',
  formula: 'no winner: score = support with weight e of each value, share = score / sum',
  *resolve(candidates, question, { explain }) {
    const decided = yield* decide(candidates, question, rule, explain);
    return {
      values: decided.values,
      hasWinner: false,
      confidence: 0,
      conflict: decided.conflict,
      tied: decided.tied,
      truncated: decided.truncated,
      ...(explain ? { roles: yield* voiceRoles(decided, question, undefined) } : {}),
    };
  },
};
