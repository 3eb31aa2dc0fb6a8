/** `consensus`: the value with the most independent voices, however confident each is. */
import { nanoPerOne, roundFigure } from './arithmetic.js';
import { decide } from './deciding.js';
import type { Lens } from './lens.js';
import { voiceRoles } from './roles.js';

const rule = { weight: () => nanoPerOne, score: 'support', shares: true } as const;

const behind = 'fewer independent voices than the winner';

export const consensus: Lens = {
  name: 'consensus',
  version: 1,
  scoreUnit: 'nano',
  formula: 'score = support with weight 1 (independent voices); confidence = share of voices',
  *resolve(candidates, question, { explain }) {
    const decided = yield* decide(candidates, question, rule, explain);
    return {
      values: decided.values,
      hasWinner: true,
      confidence: roundFigure(decided.values[0]?.share ?? 0),
      conflict: decided.conflict,
      tied: decided.tied,
      truncated: decided.truncated,
      ...(explain ? { roles: yield* voiceRoles(decided, question, behind) } : {}),
    };
  },
};
