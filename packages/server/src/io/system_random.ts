/** The kernel's random numbers, fetched for many callers at once. */
import { randomFillSync } from 'node:crypto';
import type { Random } from './random.js';

const poolBytes = 4096;
const pool = new Uint8Array(poolBytes);
/** Bytes of the pool that were handed out; none is handed out twice. */
let taken = poolBytes;

export const systemRandom: Random = {
  bytes: (length) => {
    if (length > poolBytes) return randomFillSync(new Uint8Array(length));
    if (taken + length > poolBytes) {
      randomFillSync(pool);
      taken = 0;
    }
    const bytes = pool.slice(taken, taken + length);
    // What was a key or a name for somebody does not stay behind.
    pool.fill(0, taken, taken + length);
    taken += length;
    return bytes;
  },
};
