/** `consensus`: the value with the most independent voices, however confident each is. */
import { nanoPerOne } from './arithmetic.js';
import type { Lens } from './lens.js';
import { byShare, rankingLens } from './ranking.js';
import { voiceRoles } from './roles.js';

const behind = 'fewer independent voices than the winner';

export const consensus: Lens = rankingLens({
  name: 'consensus',
  version: 1,
  scoreUnit: 'nano',
  formula: 'score = support with weight 1 (independent voices); confidence = share of voices',
  rule: { weight: () => nanoPerOne, score: 'support', shares: true },
  confidence: byShare,
  roles: (decided, question) => voiceRoles(decided, question, behind),
});
