/** Kills the server and measures how long it takes until another process of it is ready. */
import type { Clock } from '../../io/clock.js';
import type { PilotServer } from './server.js';

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

export const killAndRecover = async (options: RecoveryOptions): Promise<Recovered> => {
  const { server, clock, sleep, secondsMax } = options;
  const before = await server.health();
  if (before === undefined) return { ok: false, why: 'nobody answered before the kill' };
  const killedMs = clock.monotonicMs();
  const elapsed = (): number => (clock.monotonicMs() - killedMs) / 1000;
  const failed = await options.kill();
  if (failed !== undefined) return { ok: false, why: `it could not be killed: ${failed}` };
  let startFailed: string | undefined;
  let wasDown = false;
  let isStarted = false;
  while (elapsed() < secondsMax) {
    const health = await server.health();
    // A process that began after the kill is younger than one that did not.
    const isYounger =
      health !== undefined &&
      before.uptimeSeconds + elapsed() - health.uptimeSeconds > ageSlackSeconds;
    wasDown ||= health === undefined || isYounger;
    if (wasDown && !isStarted) {
      isStarted = true;
      void options.start?.().then((why) => {
        startFailed = why;
      });
    }
    if (wasDown && health?.isReady === true) {
      if (health.databaseId === before.databaseId) return { ok: true, seconds: elapsed() };
      return { ok: false, why: `another database answers: ${health.databaseId}` };
    }
    await sleep(pollMs);
  }
  if (!wasDown) return { ok: false, why: 'the server went on answering: it was not killed' };
  const started = startFailed === undefined ? '' : `; the start command failed: ${startFailed}`;
  return { ok: false, why: `it was not ready within ${secondsMax} s${started}` };
};
