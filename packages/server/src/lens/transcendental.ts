/**
 * 2^-t and log2 from the four operations alone.
 *
 * ECMAScript leaves the last bits of `Math.pow`, `Math.exp` and `Math.log2` to the engine, and
 * engines have changed them between releases. One node on an older runtime would then answer
 * another ninth decimal than its replica. These two agree with the true value to 2^-48,
 * far finer than the 10^-9 kept, and are the same to the bit wherever IEEE 754 doubles are. (The
 * constants `Math.LN2`, `Math.LOG2E`, `Math.SQRT1_2` are defined to the bit.)
 */

/** Past this many halvings nothing is left of a factor of 10^9 units. */
const halvingsMax = 64;

/** Terms of the exponential series; the next would be below 2^-70 for arguments <= ln 2. */
const exponentialTerms = 20;

/** Terms of the series of artanh; the next would be below 2^-70 for |s| <= 0.172. */
const artanhTerms = 13;

/** 1 / (2n + 1) for each of them, divided once. */
const artanhFactors = Array.from({ length: artanhTerms + 1 }, (_, n) => 1 / (2 * n + 1));

/** 2^-t for t >= 0. */
export function binaryExponential(t: number): number {
  if (!(t >= 0)) throw new RangeError(`the exponent must not be negative: ${t}`);
  if (t > halvingsMax) return 0;
  const whole = Math.floor(t);
  const y = -(t - whole) * Math.LN2;
  let sum = 1;
  for (let n = exponentialTerms; n >= 1; n--) sum = 1 + (y / n) * sum;
  for (let i = 0; i < whole; i++) sum /= 2;
  return sum;
}

/** log2 x for x in (0, 1]: 2 artanh((x - 1) / (x + 1)) / ln 2 after scaling by powers of two. */
export function binaryLogarithm(x: number): number {
  if (!(x > 0 && x <= 1)) throw new RangeError(`the argument must be in (0, 1]: ${x}`);
  let scaled = x;
  let exponent = 0;
  while (scaled < Math.SQRT1_2) {
    scaled *= 2;
    exponent -= 1;
  }
  const s = (scaled - 1) / (scaled + 1);
  const square = s * s;
  let sum = 0;
  for (let n = artanhTerms; n >= 0; n--) sum = (artanhFactors[n] as number) + square * sum;
  return exponent + 2 * s * sum * Math.LOG2E;
}
