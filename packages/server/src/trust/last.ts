/**
 * Which of several records is the last (spec 1.3): by (effective time, id), where the effective
 * time is the earlier of the author's time and the recording. Neither back-dating nor holding a
 * record back changes history, and every node orders alike.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { stampMs } from '@stemedb/model';

export interface Recorded {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  readonly content: { readonly asserted_at: number };
}

/** The earlier of the author's time and the recording, milliseconds. */
export const effectiveMs = (recorded: Recorded): number =>
  Math.min(recorded.content.asserted_at, stampMs(recorded.stamp));

export const comesAfter = (one: Recorded, other: Recorded): boolean => {
  const difference = effectiveMs(one) - effectiveMs(other);
  return difference === 0 ? one.id > other.id : difference > 0;
};
