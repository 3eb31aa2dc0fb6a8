import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pureNoteSigner, toHex } from '@stemedb/model';
import fc from 'fast-check';
import { sodiumNoteSigner } from '../../../src/log/merkle/sodium_signer.js';

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

test('a seed has the key and the signatures that it has in pure code', () => {
  fc.assert(
    fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (seed, message) => {
      const [native, pure] = [sodiumNoteSigner(seed), pureNoteSigner(seed)];
      assert.equal(toHex(native.publicKey), toHex(pure.publicKey));
      assert.equal(toHex(native.sign(message)), toHex(pure.sign(message)));
    }),
    { numRuns: 50 },
  );
});
