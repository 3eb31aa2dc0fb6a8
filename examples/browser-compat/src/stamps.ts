/** Moments between records: a stamp is a 128-bit number in hex, and records have rising ones. */
import { type HlcStamp, parseStamp } from '@stemedb/model';

/** The last moment at which what was recorded with this stamp was not there yet. */
export function justBefore(stamp: HlcStamp): HlcStamp {
  const before = parseStamp((BigInt(`0x${stamp}`) - 1n).toString(16).padStart(32, '0'));
  if (before === undefined) throw new RangeError(`nothing comes before ${stamp}`);
  return before;
}
