/** `confidence`: the value with the single most confident claim. */
import { byConfidence } from './deciding.js';
import type { Lens } from './lens.js';
import { byRepresentative, rankingLens } from './ranking.js';
import { bestClaimRoles } from './roles.js';

const wording = {
  best: 'its most confident claim',
  behind: "the winner's most confident claim is more confident",
};

export const confidence: Lens = rankingLens({
  name: 'confidence',
  version: 1,
  scoreUnit: 'nano',
  formula: 'score = highest e of the value; confidence = the same',
  rule: { weight: byConfidence, score: 'highest', shares: false },
  confidence: byRepresentative,
  roles: (decided) => bestClaimRoles(decided, wording),
});
