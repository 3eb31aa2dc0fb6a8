/** What a question needs of the writing side: to see all that it must see (spec 1.3, 4.2). */
import type { HlcStamp, Outcome } from '@stemedb/model';
import { fail, invalidField, ok } from '@stemedb/model';
import { parsePosition } from '../log/position.js';

/** Implemented by the node over its clock and its group commit. */
export interface Timeline {
  readonly logId: string;
  readonly visibleStamp: HlcStamp;
  /** The wall clock, or the newest moment that was passed when the wall clock is behind it. */
  presentMs(): number;
  /** Moves the clock past a moment and resolves when all that is stamped up to it is visible. */
  passMoment(ms: number): Promise<void>;
  /** False when a restart may bring what is stamped up to this and is not visible. */
  isFinal(stamp: HlcStamp): boolean;
  /** True when the sequence became visible within the wait; the wait is bounded by the node. */
  waitFor(sequence: number): Promise<boolean>;
}

/** Waits until the node has what `min_position` names: `behind` when it takes too long. */
export const awaitPosition = async (
  timeline: Timeline,
  position: string,
): Promise<Outcome<void>> => {
  const wanted = parsePosition(position);
  if (wanted === undefined) {
    const detail = 'min_position must be a position that a write of this database answered.';
    return fail(invalidField('/min_position', detail));
  }
  if (wanted.logId !== timeline.logId) {
    return fail({
      code: 'conflict',
      detail: 'min_position belongs to the log of another node or of an earlier restore.',
    });
  }
  if (await timeline.waitFor(wanted.sequence)) return ok(undefined);
  return fail({
    code: 'behind',
    detail: 'This node has not reached min_position within two seconds; ask again.',
  });
};
