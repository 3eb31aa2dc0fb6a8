/**
 * The strict checks that come before any library (spec 2): libraries disagree on keys of small
 * order, non-canonical encodings and large S, and a signature must have one verdict everywhere.
 * All numbers are little-endian (RFC 8032 section 5.1).
 */
import { fromHex } from '../hash/hex.js';

/** L, the order of the prime subgroup (RFC 8032 section 5.1). */
const groupOrder = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');

/** p = 2^255 - 19. */
const fieldPrime = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/** y of the eight points of small order; either sign bit gives a point of small order too. */
const smallOrder: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex);

/** Whether S, the second half of a signature, is below L, so that it cannot be altered. */
export function isCanonicalScalar(s: Uint8Array): boolean {
  return isBelow(s, groupOrder, 0xff);
}

/** Whether an encoded point has y < p and is none of the eight points of small order. */
export function isStrictPoint(point: Uint8Array): boolean {
  if (!isBelow(point, fieldPrime, 0x7f)) return false;
  return !smallOrder.some((y) => isSame(point, y));
}

/** `topMask` leaves the sign bit of a point out of the comparison. */
function isBelow(bytes: Uint8Array, limit: Uint8Array, topMask: number): boolean {
  for (let i = 31; i >= 0; i -= 1) {
    const x = (bytes[i] as number) & (i === 31 ? topMask : 0xff);
    const y = limit[i] as number;
    if (x !== y) return x < y;
  }
  return false;
}

function isSame(point: Uint8Array, y: Uint8Array): boolean {
  for (let i = 0; i < 31; i += 1) if (point[i] !== y[i]) return false;
  return ((point[31] as number) & 0x7f) === y[31];
}
