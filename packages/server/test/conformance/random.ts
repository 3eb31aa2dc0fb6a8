/** What every `Random` must do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Random } from '../../src/io/random.js';

export function randomConformance(name: string, make: () => Random): void {
  describe(`random conformance: ${name}`, () => {
    it('gives exactly as many bytes as asked for', () => {
      const random = make();
      for (const length of [0, 1, 16, 32, 1000]) {
        assert.equal(random.bytes(length).byteLength, length);
      }
    });

    it('gives other bytes each time, in memory of their own', () => {
      const random = make();
      const first = random.bytes(32);
      const copy = Uint8Array.from(first);
      const second = random.bytes(32);
      assert.notDeepEqual(first, second);
      assert.deepEqual(first, copy);
    });

    it('uses every value of a byte', () => {
      assert.equal(new Set(make().bytes(20_000)).size, 256);
    });
  });
}
