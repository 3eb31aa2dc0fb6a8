/** `recency`: what was said last, by effective time. */
import type { Lens } from './lens.js';
import { byRepresentative, rankingLens } from './ranking.js';
import { bestClaimRoles } from './roles.js';

const wording = { best: 'its newest claim', behind: "the winner's newest claim is newer" };

export const recency: Lens = rankingLens({
  name: 'recency',
  version: 1,
  scoreUnit: 'milliseconds',
  formula: 'score = newest effective time of the value; confidence = that of its newest claim',
  rule: { weight: ({ effectiveMs }) => effectiveMs, score: 'highest', shares: false },
  confidence: byRepresentative,
  roles: (decided) => bestClaimRoles(decided, wording),
});
