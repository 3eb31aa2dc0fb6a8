/** `skeptic`: no winner; every value with its share of the support, so that a reader decides. */
import { byConfidence } from './deciding.js';
import type { Lens } from './lens.js';
import { rankingLens } from './ranking.js';
import { voiceRoles } from './roles.js';

export const skeptic: Lens = rankingLens({
  name: 'skeptic',
  version: 1,
  scoreUnit: 'nano',
  formula: 'no winner: score = support with weight e of each value, share = score / sum',
  rule: { weight: byConfidence, score: 'support', shares: true },
  confidence: undefined,
  roles: (decided, question) => voiceRoles(decided, question, undefined),
});
