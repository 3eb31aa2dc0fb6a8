/**
 * Which answers move with time: those with a factor that is not the same a second later although
 * nothing was written. Without a stated moment they are asked as of now, all others as of the
 * newest record, so that an answer which cannot have changed is not made anew.
 */
import type { Lens } from '../lens/lens.js';
import type { ClaimRules } from '../trust/rules.js';
import type { Question } from './question.js';

/** True when it does; asked of the rules where that depends on the records. */
export type MovesWithTime = boolean | ((rules: ClaimRules) => boolean);

/** Whether the answer to a question under a lens moves with time. */
export const movesWithTime = (question: Question, lens: Lens): MovesWithTime => {
  if ((question.decay ?? 'none') !== 'none') return true;
  if (lens.usesTrust !== true && question.minTrust === undefined) return false;
  return (rules) => rules.trustMoves;
};
