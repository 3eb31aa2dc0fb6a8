/**
 * Exactness of numbers: a number is taken only when the double that stores it says the same decimal
 * value as the text, so that nothing changes silently (spec 1.1; RFC 8785 writes the double back).
 */

export type NumberReading =
  | { readonly exact: true; readonly value: number }
  | { readonly exact: false; readonly nearest: string };

/** Reads a token that already matches the JSON grammar of RFC 8259 section 6. */
export function readNumber(token: string): NumberReading {
  const value = Number(token);
  const shortest = String(value);
  // Every double beyond 2^53 is an integer, and its neighbours are integers that it swallows.
  if (!(Math.abs(value) <= Number.MAX_SAFE_INTEGER)) return { exact: false, nearest: shortest };
  if (shortest === token) return { exact: true, value };
  if (!sameDecimal(token, shortest)) return { exact: false, nearest: shortest };
  return { exact: true, value: value === 0 ? 0 : value };
}

interface Decimal {
  readonly negative: boolean;
  /** Significant digits without zeros at either end; `''` is zero. */
  readonly digits: string;
  /** The value is 0.digits * 10^exponent. */
  readonly exponent: number;
}

function sameDecimal(a: string, b: string): boolean {
  const x = decimalOf(a);
  const y = decimalOf(b);
  if (x.digits !== y.digits) return false;
  return x.digits === '' || (x.negative === y.negative && x.exponent === y.exponent);
}

function decimalOf(token: string): Decimal {
  const negative = token.startsWith('-');
  const mark = token.search(/[eE]/);
  const mantissa = token.slice(negative ? 1 : 0, mark < 0 ? token.length : mark);
  const shift = mark < 0 ? 0 : Number(token.slice(mark + 1));
  const point = mantissa.indexOf('.');
  const whole = point < 0 ? mantissa : mantissa.slice(0, point);
  const all = point < 0 ? mantissa : whole + mantissa.slice(point + 1);
  let first = 0;
  while (first < all.length && all.charCodeAt(first) === 0x30) first += 1;
  let last = all.length;
  while (last > first && all.charCodeAt(last - 1) === 0x30) last -= 1;
  return { negative, digits: all.slice(first, last), exponent: whole.length - first + shift };
}
