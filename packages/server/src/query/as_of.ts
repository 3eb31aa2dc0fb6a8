/** The moment of a question: what `as_of` may be and which stamp it stands for (spec 1.3). */
import type { HlcStamp, Outcome } from '@stemedb/model';
import { endOfMs, fail, invalidField, ok, parseStamp, parseTime, stampMs } from '@stemedb/model';

export interface Moment {
  /** Records with a stamp at or before it take part. */
  readonly stamp: HlcStamp;
  /** The moment for decay, trust and policy, in milliseconds. */
  readonly ms: number;
}

const refuse = (detail: string): Outcome<never> => fail(invalidField('/as_of', detail));

/**
 * Reads `as_of`: RFC 3339 or milliseconds stand for the end of that millisecond, 32 hex digits for
 * exactly that stamp. Later than the present and the newest visible stamp is refused.
 */
export const readMoment = (
  asOf: string | number,
  now: { readonly presentMs: number; readonly visible: HlcStamp },
): Outcome<Moment> => {
  const stamp = typeof asOf === 'string' ? parseStamp(asOf) : undefined;
  const ms = stamp === undefined ? parseTime(asOf) : stampMs(stamp);
  if (ms === undefined) {
    return refuse(
      'as_of must be an RFC 3339 time, milliseconds since 1970, or a stamp of 32 hex digits.',
    );
  }
  if (ms > now.presentMs && ms > stampMs(now.visible)) {
    return refuse('as_of lies in the future of this server; ask for a moment that has passed.');
  }
  return ok({ stamp: stamp ?? endOfMs(ms), ms });
};
