/** `authority`: the value with the single weightiest claim, by tier, trust and confidence. */
import { multiplyNano, roundFigure } from './arithmetic.js';
import { decide } from './deciding.js';
import type { Candidate, Lens, Nano } from './lens.js';
import { bestClaimRoles } from './roles.js';

const weight = ({ confidence, trust, weight: tierWeight }: Candidate): Nano =>
  multiplyNano(multiplyNano(confidence, trust), tierWeight);

const rule = { weight, score: 'highest', shares: true } as const;

const wording = {
  best: 'its weightiest claim',
  behind: "the winner's weightiest claim is weightier",
};

export const authority: Lens = {
  name: 'authority',
  version: 1,
  scoreUnit: 'nano',
  usesTrust: true,
  formula: 'score = highest e * r * w of the value; confidence = share of the scores',
  *resolve(candidates, question, { explain }) {
    const decided = yield* decide(candidates, question, rule, explain);
    return {
      values: decided.values,
      hasWinner: true,
      confidence: roundFigure(decided.values[0]?.share ?? 0),
      conflict: decided.conflict,
      tied: decided.tied,
      truncated: decided.truncated,
      ...(explain ? { roles: yield* bestClaimRoles(decided, wording) } : {}),
    };
  },
};
