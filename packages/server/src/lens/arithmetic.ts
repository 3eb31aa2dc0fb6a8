/**
 * The arithmetic of the lenses: whole numbers of 10^-9, rounded half to even (spec 6).
 *
 * Every node must compute the same whole number from the same record, whatever its engine. So
 * nothing here rests on a function whose last bit a JavaScript engine may choose (`Math.pow`,
 * `Math.exp`, `Math.log2`): only on + - * / and %, which IEEE 754 defines to the bit.
 */
import type { Nano } from './lens.js';
import { binaryExponential } from './transcendental.js';

export const nanoPerOne = 1_000_000_000;

/** Milliseconds in a day, the unit of half-lives. */
const dayMs = 86_400_000;

/** Below this the product of two factors is exact as a double. */
const exactMax = Number.MAX_SAFE_INTEGER;

/**
 * A factor in [0, 1] as a whole number of 10^-9, rounded half to even.
 *
 * What is rounded is the decimal number that stands in the record (the shortest one that names
 * the double, as RFC 8785 writes it), not the double's binary expansion: 0.0000000005 is a tie,
 * as it looks, and another language gets the same figure from the record's text alone.
 */
export function toNano(x: number): Nano {
  if (!(x >= 0 && x <= 1)) throw new RangeError(`a factor must be in [0, 1], not ${x}`);
  const near = Math.round(x * nanoPerOne);
  // At most 10 significant digits name one double only, so equality here proves the decimal.
  return near / nanoPerOne === x ? near : roundDecimal(x);
}

/** The slow path of `toNano`: more than nine decimals, rounded on the digits themselves. */
function roundDecimal(x: number): Nano {
  const [mantissa = '', exponent = '0'] = x.toExponential().split('e');
  const digits = mantissa.replace('.', '');
  // x = 0.d1d2d3... * 10^shift; the digits before `cut` make the whole number of 10^-9.
  const cut = Number(exponent) + 10;
  if (cut < 0) return 0;
  const whole = Number(digits.slice(0, cut).padEnd(cut, '0'));
  const rest = digits.slice(cut);
  const half = `5${'0'.repeat(Math.max(0, rest.length - 1))}`;
  if (rest === '' || rest < half) return whole;
  return rest > half || whole % 2 === 1 ? whole + 1 : whole;
}

/** A weight in [-1, 1] as a whole number of 10^-9, rounded half to even. */
export function toSignedNano(x: number): Nano {
  return x < 0 ? 0 - toNano(-x) : toNano(x);
}

/** The number that a whole number of 10^-9 stands for: what an answer shows. */
export function fromNano(nano: Nano): number {
  return nano / nanoPerOne;
}

/**
 * The product of two factors in [0, 1], rounded half to even; exact although the product of
 * their whole numbers needs up to 60 bits: above 2^53 one factor is taken in two parts.
 */
export function multiplyNano(a: Nano, b: Nano): Nano {
  assertFactor(a);
  assertFactor(b);
  if (a === nanoPerOne) return b;
  if (b === nanoPerOne) return a;
  const product = a * b;
  if (product <= exactMax) {
    const rest = product % nanoPerOne;
    return roundHalfEven((product - rest) / nanoPerOne, rest);
  }
  const low = a % 100_000;
  const high = ((a - low) / 100_000) * b;
  const highRest = high % 10_000;
  const tail = highRest * 100_000 + low * b;
  const rest = tail % nanoPerOne;
  return roundHalfEven((high - highRest) / 10_000 + (tail - rest) / nanoPerOne, rest);
}

/** `whole` + `rest` * 10^-9, rounded half to even. */
function roundHalfEven(whole: number, rest: number): number {
  const twice = rest * 2;
  if (twice < nanoPerOne) return whole;
  return twice > nanoPerOne || whole % 2 === 1 ? whole + 1 : whole;
}

function assertFactor(nano: Nano): void {
  if (!(Number.isInteger(nano) && nano >= 0 && nano <= nanoPerOne)) {
    throw new RangeError(`a factor must be a whole number of 10^-9 in [0, 1], not ${nano}`);
  }
}

/**
 * `confidence * 2^(-age / half-life)`, rounded half to even. Without a half-life nothing decays;
 * a negative age counts as none.
 */
export function decayNano(confidence: Nano, ageMs: number, halfLifeDays: number | undefined): Nano {
  assertFactor(confidence);
  if (halfLifeDays === undefined || ageMs <= 0) return confidence;
  if (!(halfLifeDays > 0)) throw new RangeError(`a half-life must be positive: ${halfLifeDays}`);
  const exact = confidence * binaryExponential(ageMs / (halfLifeDays * dayMs));
  const whole = Math.floor(exact);
  const rest = exact - whole;
  if (rest < 0.5) return whole;
  return rest > 0.5 || whole % 2 === 1 ? whole + 1 : whole;
}

/** Rounds an outgoing figure (a score or an entropy, >= 0) to nine decimals. */
export function roundFigure(x: number): number {
  return Math.round(x * nanoPerOne) / nanoPerOne;
}
