/**
 * When and how long to wait before the same request is sent again: exponential backoff with full
 * jitter (M. Brooker, "Exponential Backoff And Jitter", 2015), never sooner than the server asked,
 * never more often than `attemptsMax`.
 */
import { StemeClientError } from './error.js';
import type { ClientClock } from './io/system.js';

export interface RetryPolicy {
  /** Tries in all, the first one included. */
  readonly attemptsMax: number;
  /** Upper bound of the first wait; doubles with each try. */
  readonly delayBaseMs: number;
  /** Upper bound of any wait of our own. */
  readonly delayMaxMs: number;
  /** A server that asks for a longer wait than this gets its error reported instead. */
  readonly retryAfterMaxMs: number;
}

/** Six tries over at most about six seconds: a restart of the server fits in. */
export const defaultRetry: RetryPolicy = {
  attemptsMax: 6,
  delayBaseMs: 200,
  delayMaxMs: 5_000,
  retryAfterMaxMs: 60_000,
};

/**
 * Milliseconds to wait after failed try number `attempt` (1 for the first), or undefined when the
 * error is to be reported.
 */
export const retryDelayMs = (
  policy: RetryPolicy,
  error: unknown,
  attempt: number,
  random: () => number,
): number | undefined => {
  if (!(error instanceof StemeClientError) || !error.retryable) return undefined;
  if (attempt >= policy.attemptsMax) return undefined;
  const asked = error.retryAfterMs ?? 0;
  if (asked > policy.retryAfterMaxMs) return undefined;
  const ceiling = Math.min(policy.delayMaxMs, policy.delayBaseMs * 2 ** (attempt - 1));
  return Math.max(asked, Math.round(random() * ceiling));
};

/** Runs an idempotent action until it succeeds or its error is not worth another try. */
export const withRetry = async <T>(
  policy: RetryPolicy,
  clock: ClientClock,
  action: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await action();
    } catch (error) {
      const delayMs = retryDelayMs(policy, error, attempt, () => clock.random());
      if (delayMs === undefined) throw error;
      await clock.sleep(delayMs, signal);
    }
  }
};
