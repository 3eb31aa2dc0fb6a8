/** Whether a rate was held: by what was acknowledged, and by when. */
import type { LoadResult } from './load.js';

export interface WantedRate {
  readonly perSecond: number;
  /** How long claims were due. */
  readonly seconds: number;
  /** What a write may take, and so the last one that was due. */
  readonly writeMsMax: number;
}

/** The rate counts as held when this share of it was reached. */
const heldShare = 0.99;

/**
 * What was under way at the end counts, and so does the time that it took: a server that is behind
 * has not held the rate because it answers in the end. Of that time only what a write may take is
 * forgiven, since the last claim was due at the end.
 */
export const heldRate = (
  { acknowledged, lastAcknowledgedMs }: Pick<LoadResult, 'acknowledged' | 'lastAcknowledgedMs'>,
  { perSecond, seconds, writeMsMax }: WantedRate,
): { readonly reached: number; readonly isHeld: boolean } => {
  const reachedIn = (ms: number): number => acknowledged / Math.max(seconds, ms / 1000);
  return {
    reached: reachedIn(lastAcknowledgedMs),
    isHeld: reachedIn(lastAcknowledgedMs - writeMsMax) >= perSecond * heldShare,
  };
};
