/**
 * The client's only touch with time and chance. Everything else is handed a `ClientClock`, so that
 * retries can be tested without waiting.
 */
export interface ClientClock {
  /** Wall time in milliseconds since 1970-01-01T00:00:00Z. */
  wallMs(): number;
  /** Resolves after `delayMs`; rejects with the signal's reason when it is aborted first. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1): spreads the retries of many clients. */
  random(): number;
}

const sleep = (delayMs: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted === true) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', onAbort, { once: true });
  });

export const systemClock: ClientClock = {
  wallMs: () => Date.now(),
  sleep,
  random: () => Math.random(),
};
