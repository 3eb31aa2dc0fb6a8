/** The kernel's random numbers. */
import { randomBytes } from 'node:crypto';
import type { Random } from './random.js';

export const systemRandom: Random = {
  bytes: (length) => new Uint8Array(randomBytes(length)),
};
