/** Times at the border: RFC 3339 with at most milliseconds, or integer milliseconds since 1970. */
import { invalidField, type Outcome } from '../errors.js';
import type { JsonObject, RecordKind } from '../record.js';
import { fail, ok } from '../result.js';

/** 9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write. */
export const timeMsMax = 253_402_300_799_999;

const rfc3339 =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,3}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * Milliseconds since 1970-01-01T00:00:00Z, or undefined when `value` is not a time that is kept
 * exactly. Leap seconds are refused: they have no millisecond of their own.
 */
export function parseTime(value: string | number): number | undefined {
  if (typeof value === 'number') return isTimeMs(value) ? value + 0 : undefined;
  const match = rfc3339.exec(value);
  if (match === null) return undefined;
  const field = (at: number): number => Number(match[at] ?? 0);
  const [year, month, day] = [field(1), field(2), field(3)];
  const [hour, minute, second] = [field(4), field(5), field(6)];
  const millis = Number((match[7] ?? '').padEnd(3, '0'));
  const [offsetHours, offsetMinutes] = [field(9), field(10)];
  if (year < 1969 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) {
    return undefined;
  }
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) {
    return undefined;
  }
  const local = Date.UTC(year, month - 1, day, hour, minute, second, millis);
  const offset = (offsetHours * 60 + offsetMinutes) * 60_000;
  const ms = match[8] === '-' ? local + offset : local - offset;
  return isTimeMs(ms) ? ms : undefined;
}

/** RFC 3339 in UTC with three decimals. `ms` must be in range. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whether `ms` is a whole number of milliseconds in the range that records may state. */
function isTimeMs(ms: number): boolean {
  return Number.isInteger(ms) && ms >= 0 && ms <= timeMsMax;
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

const timeFields: Readonly<Record<RecordKind, readonly string[]>> = {
  assertion: ['asserted_at'],
  attestation: [],
  vote: ['asserted_at'],
  source: ['asserted_at', 'published_at'],
  epoch: ['asserted_at'],
  supersession: ['asserted_at'],
  alias: ['asserted_at'],
  verdict: ['asserted_at'],
  policy: ['asserted_at'],
};

/**
 * `value` with RFC 3339 text in its time fields turned into milliseconds; anything else in them is
 * left for validation to refuse. The same object when there is nothing to turn.
 */
export function normalizeTimes(kind: RecordKind, value: JsonObject): Outcome<JsonObject> {
  let out = value;
  for (const name of timeFields[kind]) {
    const stated = Object.hasOwn(value, name) ? value[name] : undefined;
    if (typeof stated !== 'string') continue;
    const ms = parseTime(stated);
    if (ms === undefined) {
      const detail =
        `\`${name}\` needs an RFC 3339 time with an offset and at most three decimals, such as ` +
        '"2026-01-31T12:00:00.000Z", or integer milliseconds since 1970.';
      return fail(invalidField(`/${name}`, detail));
    }
    out = { ...out, [name]: ms };
  }
  return ok(out);
}
