/** Kills the server and measures how long it takes until another process of it is ready. */
import type { Clock } from '../../io/clock.js';
import type { Health, PilotServer } from './server.js';

export interface RecoveryOptions {
  readonly server: PilotServer;
  readonly clock: Clock;
  readonly sleep: (ms: number) => Promise<void>;
  /** Ends the server at once, as a crash would; a sentence when that failed. */
  readonly kill: () => Promise<string | undefined>;
  /** Starts it again; undefined when a supervisor does. */
  readonly start: (() => Promise<string | undefined>) | undefined;
  readonly secondsMax: number;
}

/** Seconds until ready, or why it was not to be. */
export type Recovered =
  | { readonly ok: true; readonly seconds: number }
  | { readonly ok: false; readonly why: string };

const pollMs = 20;
/** The server tells its age in whole seconds. */
const ageSlackSeconds = 1.5;
/** From this age on a server is never taken for one that began after the kill. */
const ageBeforeKillSeconds = 2 * ageSlackSeconds;

type Before = { readonly health: Health } | { readonly why: string };

/** The server as it is before the kill, old enough to be told from the one after it. */
const oldEnough = async ({ server, sleep }: RecoveryOptions): Promise<Before> => {
  for (let waitedMs = 0; ; ) {
    const health = await server.health();
    if (health === undefined) return { why: 'nobody answered before the kill' };
    const lackedMs = (ageBeforeKillSeconds - health.uptimeSeconds) * 1000;
    if (lackedMs <= 0) return { health };
    if (waitedMs > ageBeforeKillSeconds * 1000) {
      return { why: 'the server starts again and again by itself: it was not killed' };
    }
    await sleep(lackedMs);
    waitedMs += lackedMs;
  }
};

export const killAndRecover = async (options: RecoveryOptions): Promise<Recovered> => {
  const { server, clock, sleep, secondsMax } = options;
  const found = await oldEnough(options);
  if ('why' in found) return { ok: false, why: found.why };
  const before = found.health;
  const killedMs = clock.monotonicMs();
  const elapsed = (): number => (clock.monotonicMs() - killedMs) / 1000;
  const failed = await options.kill();
  if (failed !== undefined) return { ok: false, why: `it could not be killed: ${failed}` };
  let startFailed = '';
  let isStarted = false;
  let isOldThere = false;
  while (elapsed() < secondsMax) {
    const askedSeconds = elapsed();
    const health = await server.health();
    // Who began after the kill is younger than the kill. That nobody answered once says nothing.
    const isNew = health !== undefined && health.uptimeSeconds <= askedSeconds + ageSlackSeconds;
    isOldThere = health !== undefined && !isNew;
    if (!isOldThere && !isStarted) {
      isStarted = true;
      void options.start?.().then((why) => {
        if (why !== undefined) startFailed = `; the start command failed: ${why}`;
      });
    }
    if (health?.isReady === true) {
      if (health.databaseId !== before.databaseId) {
        return { ok: false, why: `another database answers: ${health.databaseId}` };
      }
      if (isNew) return { ok: true, seconds: elapsed() };
    }
    await sleep(pollMs);
  }
  if (isOldThere) return { ok: false, why: 'the server went on answering: it was not killed' };
  return { ok: false, why: `it was not ready within ${secondsMax} s${startFailed}` };
};
