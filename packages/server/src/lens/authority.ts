/** `authority`: the value with the single weightiest claim, by tier, trust and confidence. */
import { multiplyNano } from './arithmetic.js';
import type { Candidate, Lens, Nano } from './lens.js';
import { byShare, rankingLens } from './ranking.js';
import { bestClaimRoles } from './roles.js';

const weight = ({ confidence, trust, weight: tierWeight }: Candidate): Nano =>
  multiplyNano(multiplyNano(confidence, trust), tierWeight);

const wording = {
  best: 'its weightiest claim',
  behind: "the winner's weightiest claim is weightier",
};

export const authority: Lens = rankingLens({
  name: 'authority',
  version: 1,
  scoreUnit: 'nano',
  usesTrust: true,
  formula: 'score = highest e * r * w of the value; confidence = share of the scores',
  rule: { weight, score: 'highest', shares: true },
  confidence: byShare,
  roles: (decided) => bestClaimRoles(decided, wording),
});
