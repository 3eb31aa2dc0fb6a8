/** Moments as they are typed: RFC 3339 or milliseconds, and a stamp where the order counts. */
import { endOfMs, type HlcStamp, parseStamp, parseTime } from '@stemedb/model';
import { InvalidArgumentError } from 'commander';

/** Undefined when it is no time. */
const timeMsOf = (text: string): number | undefined =>
  parseTime(/^\d{1,15}$/.test(text) ? Number(text) : text);

/** Parser of an option that is a time; in milliseconds. */
export const time = (text: string): number => {
  const ms = timeMsOf(text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be an RFC 3339 time such as 2026-01-31T12:00:00Z.');
};

/** A stamp, or a time, of which the whole millisecond counts; as `as_of` is read. */
export const momentOf = (text: string): HlcStamp | undefined => {
  const stamp = parseStamp(text);
  if (stamp !== undefined) return stamp;
  const ms = timeMsOf(text);
  return ms === undefined ? undefined : endOfMs(ms);
};
