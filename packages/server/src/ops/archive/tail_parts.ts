/**
 * Which piece of the open segment is put next. A new piece holds what is new; when seven of a level
 * are there, the next one takes them in and is of the level above, like a counter in base eight. So
 * of n pieces fewer than 7 log8 n are there at once, and a byte is put again log8 n times.
 */
import type { TailPart } from './head.js';

const partsOfLevelMax = 8;

export interface PlannedPart {
  /** How many of the parts stay. */
  readonly kept: number;
  /** Where the new part begins. */
  readonly start: number;
  readonly level: number;
}

/** The part that follows on these, which cover the segment up to `bytes`. */
export const planPart = (
  parts: readonly Pick<TailPart, 'start' | 'level'>[],
  bytes: number,
): PlannedPart => {
  let planned: PlannedPart = { kept: parts.length, start: bytes, level: 0 };
  for (;;) {
    const from = planned.kept - (partsOfLevelMax - 1);
    const alike = parts.slice(Math.max(0, from), planned.kept);
    const isFull = from >= 0 && alike.every(({ level }) => level === planned.level);
    const first = alike[0];
    if (!isFull || first === undefined) return planned;
    planned = { kept: from, start: first.start, level: planned.level + 1 };
  }
};
