/** The form of attestations that is written out is the canonical one. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import {
  type AgentId,
  attestationBytes,
  canonicalBytes,
  type RecordId,
  type SignatureHex,
  toHex,
  validateContent,
} from '@stemedb/model';
import fc from 'fast-check';

const bytesOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

it('has the bytes that any content of these fields has', () => {
  fc.assert(
    fc.property(bytesOf(32), bytesOf(32), bytesOf(64), (agent, target, signature) => {
      const content = {
        kind: 'attestation',
        v: 1,
        agent_id: toHex(agent) as AgentId,
        target: toHex(target) as RecordId,
        signature: toHex(signature) as SignatureHex,
      } as const;
      assert.deepEqual(attestationBytes(content), canonicalBytes(content));
    }),
  );
});

it('holds every field that an attestation may have', () => {
  const content = {
    kind: 'attestation',
    v: 1,
    agent_id: 'ab'.repeat(32),
    target: 'cd'.repeat(32),
    signature: 'ef'.repeat(64),
  } as const;
  assert.ok(validateContent(content).ok);
  assert.ok(!validateContent({ ...content, salt: 'x' }).ok);
});
