/**
 * Work at a fixed rate, whatever the answers take: each call has a moment at which it is due, and
 * its latency counts from there, so that a server that stalls cannot hide the calls that it held
 * up (coordinated omission).
 */
import type { Clock } from '../../io/clock.js';

export interface PaceOptions {
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  readonly perSecond: number;
  /** Calls under way at the same time. */
  readonly atOnce: number;
  /** Ends the work: nothing new is sent once it says so. */
  readonly isOver: () => boolean;
  /** One call; it never throws. `dueMs` is on the clock's monotonic scale. */
  readonly call: (dueMs: number) => Promise<void>;
}

/** A wait is cut into pieces, so that an end is noticed soon. */
const waitMsMax = 100;

/** Resolves when all calls that were begun are answered. */
export const pace = async (options: PaceOptions): Promise<void> => {
  const { clock, sleep, perSecond, atOnce, isOver, call } = options;
  if (perSecond <= 0) return;
  const beginMs = clock.monotonicMs();
  let next = 0;
  const worker = async (): Promise<void> => {
    while (!isOver()) {
      const dueMs = beginMs + (next * 1000) / perSecond;
      next += 1;
      for (let now = clock.monotonicMs(); now < dueMs; now = clock.monotonicMs()) {
        await sleep(Math.min(waitMsMax, dueMs - now));
        if (isOver()) return;
      }
      await call(dueMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
};
