/** The whole-number arithmetic against exact integers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decayNano, multiplyNano, toNano, toSignedNano } from '../../src/lens/arithmetic.js';
import { binaryExponential, binaryLogarithm } from '../../src/lens/transcendental.js';
import { runs } from './candidates.js';

const one = 1_000_000_000n;

function halfEven(numerator: bigint, denominator: bigint): number {
  const whole = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && whole % 2n === 1n);
  return Number(up ? whole + 1n : whole);
}

/** From the digits of the shortest decimal, by integers alone. */
function exactNano(x: number): number {
  const [mantissa = '', exponent = '0'] = x.toExponential().split('e');
  const [head = '', tail = ''] = mantissa.split('.');
  const scale = tail.length - Number(exponent) - 9;
  const digits = BigInt(head + tail);
  return scale <= 0
    ? Number(digits * 10n ** BigInt(-scale))
    : halfEven(digits, 10n ** BigInt(scale));
}

test('ties go to the even whole number, as the decimal reads', () => {
  const cases = [
    [0.0000000005, 0],
    [0.0000000015, 2],
    [0.0000000025, 2],
    [0.00000000251, 3],
    [0.1, 100_000_000],
    [0.9999999995, 1_000_000_000],
    [5e-324, 0],
    [0, 0],
    [1, 1_000_000_000],
  ] as const;
  for (const [x, nano] of cases) assert.equal(toNano(x), nano, String(x));
  for (const bad of [-0.1, 1.1, Number.NaN]) assert.throws(() => toNano(bad), RangeError);
});

test('a negative weight is rounded as its opposite, and never to a negative zero', () => {
  assert.equal(toSignedNano(-0.25), -250_000_000);
  assert.equal(toSignedNano(0.25), 250_000_000);
  assert.ok(Object.is(toSignedNano(-0.0000000005), 0));
  for (const bad of [-1.1, 1.1, Number.NaN]) assert.throws(() => toSignedNano(bad), RangeError);
});

test('toNano is exact on the decimal', () => {
  const tie = fc.nat(999_999_999).map((n) => Number(`${n}5e-10`));
  const x = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), tie);
  fc.assert(
    fc.property(x, (drawn) => assert.equal(toNano(drawn), exactNano(drawn))),
    runs(10_000, 1_000_000),
  );
});

test('products are exact', () => {
  const factor = fc.oneof(
    fc.nat(1_000_000_000),
    fc.nat(1000).map((n) => n * 500_000),
  );
  const property = fc.property(factor, factor, (a, b) => {
    assert.equal(multiplyNano(a, b), halfEven(BigInt(a) * BigInt(b), one));
  });
  fc.assert(property, runs(10_000, 1_000_000));
});

test('decay halves at each half-life', () => {
  const day = 86_400_000;
  assert.equal(decayNano(800_000_000, 30 * day, 30), 400_000_000);
  assert.equal(decayNano(800_000_000, 90 * day, 30), 100_000_000);
  assert.equal(decayNano(1_000_000_000, 15 * day, 30), 707_106_781);
  assert.equal(decayNano(800_000_000, 1e15, 30), 0);
  assert.equal(decayNano(800_000_000, 1e15, undefined), 800_000_000);
  assert.equal(decayNano(800_000_000, -5, 30), 800_000_000);
});

test('the deterministic exponential and logarithm are the true ones to 2^-48', () => {
  const t = fc.double({ min: 0, max: 64, noNaN: true });
  const p = fc.double({ min: 1e-15, max: 1, noNaN: true });
  const close = (a: number, b: number, unit: number): void =>
    assert.ok(Math.abs(a - b) <= unit * 2 ** -48, `${a} is not ${b}`);
  const property = fc.property(t, p, (exponent, share) => {
    close(binaryExponential(exponent), 2 ** -exponent, 2 ** -exponent);
    close(binaryLogarithm(share), Math.log2(share), Math.max(1, -Math.log2(share)));
  });
  fc.assert(property, runs(10_000, 1_000_000));
});
