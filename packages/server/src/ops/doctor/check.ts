/** What a check of the doctor is handed and what it says. */
import type { Clock } from '../../io/clock.js';
import type { Disk } from '../../io/disk.js';
import type { Random } from '../../io/random.js';

export interface Surroundings {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly walDir: string;
  readonly dbDir: string;
  /** For example `http://127.0.0.1:18180`. */
  readonly url: string;
  /** `process.versions.node`. */
  readonly nodeVersion: string;
  /** Status of a GET and its body; undefined when nobody answers. */
  readonly get: (url: string) => Promise<{ status: number; text: string } | undefined>;
}

export interface CheckResult {
  readonly name: string;
  /** `fail`: the server will not start or not be safe. `warn`: it will, but look at it. */
  readonly status: 'ok' | 'warn' | 'fail';
  readonly detail: string;
  readonly advice?: string;
}

/** One check; it never throws, and leaves nothing behind. */
export type Check = (surroundings: Surroundings) => Promise<readonly CheckResult[]>;

export const good = (name: string, detail: string): CheckResult => ({ name, status: 'ok', detail });

export const bad = (
  name: string,
  status: 'warn' | 'fail',
  detail: string,
  advice: string,
): CheckResult => ({ name, status, detail, advice });
