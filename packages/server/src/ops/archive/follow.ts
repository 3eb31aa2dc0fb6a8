/**
 * Keeps an archive up with a log: a pass each interval, and one as soon as a segment was sealed. A
 * pass that fails is tried again, with pauses that grow up to the interval, until it is to stop.
 */
import type { ErrorCode, Outcome, StemeError } from '@stemedb/model';
import type { Clock } from '../../io/clock.js';
import { type Disk, diskErrorCode } from '../../io/disk.js';
import { offsetOfName } from '../../log/format.js';
import type { PassReport } from './archiver.js';

export interface FollowInput {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly walDir: string;
  readonly intervalMs: number;
  readonly pass: () => Promise<Outcome<PassReport>>;
  readonly sleep: (delayMs: number) => Promise<void>;
  readonly stop: AbortSignal;
  readonly onPass: (report: PassReport) => Promise<void>;
  readonly onFailure: (error: StemeError) => Promise<void>;
}

/** How often the directory is looked at for a new segment, and whether it is to stop. */
const lookMs = 250;
const retryMsMin = 1_000;

/** What no second try mends: without one success so far these end the following. */
const lasting: ReadonlySet<ErrorCode> = new Set([
  'invalid_configuration',
  'data_directory_unwritable',
  'log_altered',
  'format_too_new',
  'copy_damaged',
]);

/** Ends when it is to stop; with an error that will stay, when not one pass was well before. */
export const follow = async (input: FollowInput): Promise<StemeError | undefined> => {
  const { clock, intervalMs, stop } = input;
  let dueMs = clock.monotonicMs();
  let seen: string | undefined;
  let retryMs = retryMsMin;
  let isFollowing = false;
  while (!stop.aborted) {
    const newest = await newestSegment(input);
    const isSealed = seen !== undefined && newest !== seen && retryMs === retryMsMin;
    if (clock.monotonicMs() < dueMs && !isSealed) {
      await input.sleep(lookMs);
      continue;
    }
    const passed = await input.pass();
    if (stop.aborted && !passed.ok) break;
    seen = newest;
    const pauseMs = passed.ok ? intervalMs : Math.min(retryMs, intervalMs);
    dueMs = clock.monotonicMs() + pauseMs;
    if (passed.ok) {
      isFollowing = true;
      retryMs = retryMsMin;
      await input.onPass(passed.value);
    } else {
      if (!isFollowing && lasting.has(passed.error.code)) return passed.error;
      retryMs = Math.min(2 * retryMs, intervalMs);
      await input.onFailure(passed.error);
    }
  }
  return undefined;
};

/** Name of the segment that is written now; '' when the directory cannot be read. */
const newestSegment = async ({ disk, walDir }: FollowInput): Promise<string> => {
  try {
    const names = await disk.list(walDir);
    return names.findLast((name) => offsetOfName(name) !== undefined) ?? '';
  } catch (error) {
    if (diskErrorCode(error) === '') throw error;
    return '';
  }
};
