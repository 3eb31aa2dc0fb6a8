import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { Point } from '@noble/ed25519';
import {
  type AgentId,
  type AttestationContent,
  attestedKind,
  canonicalBytes,
  type Ed25519Verify,
  fromHex,
  keyPairFromSeed,
  type RecordId,
  recordIdOf,
  recordKinds,
  type SignatureHex,
  sign,
  signatureMessage,
  strictKey,
  strictSignature,
  toHex,
  verifySignature,
} from '@stemedb/model';
import fc from 'fast-check';
import { claim, isSoak, keys, vectorText } from '../support.js';
import { backends } from './backends.js';

const id = recordIdOf(canonicalBytes({ ...claim }));
const order = Point.CURVE().n;

/** `verifySignature` with the message of a vector in place of our own. */
function verdict(signature: string, message: Uint8Array, key: string, backend: Ed25519Verify) {
  const strict = strictSignature(signature) !== undefined && strictKey(key) !== undefined;
  const swapped: Ed25519Verify = (bytes, _, publicKey) => backend(bytes, message, publicKey);
  const found = verifySignature('vote', id, key as AgentId, signature as SignatureHex, swapped);
  assert.ok(strict || !found);
  return found;
}

interface Group {
  readonly pk: string;
  readonly tests: readonly {
    readonly tcId: number;
    readonly msg: string;
    readonly sig: string;
    readonly result: string;
  }[];
}

describe('signatures of RFC 8032 and Wycheproof (fault 22)', () => {
  for (const [name, backend] of backends) {
    it(`have the expected verdict with ${name}`, () => {
      const { testGroups } = JSON.parse(vectorText('wycheproof_eddsa.json')) as {
        readonly testGroups: readonly Group[];
      };
      let count = 0;
      for (const { pk, tests } of testGroups) {
        for (const { tcId, msg, sig, result } of tests) {
          count += 1;
          assert.equal(verdict(sig, fromHex(msg), pk, backend), result === 'valid', `test ${tcId}`);
        }
      }
      assert.equal(count, 145);
    });

    it(`verify and are made alike with ${name}`, () => {
      for (const line of vectorText('ed25519_sign.txt').trim().split('\n')) {
        const [secret = '', key = '', message = '', signed = ''] = line.split(':');
        const signature = signed.slice(0, 128);
        assert.equal(keyPairFromSeed(fromHex(secret.slice(0, 64))).agentId, key);
        assert.ok(verdict(signature, fromHex(message), key, backend));
        assert.ok(!verdict(signature, fromHex(`${message}00`), key, backend));
      }
    });
  }
});

describe('hostile keys and signatures', () => {
  it('of small order or non-canonical form are refused before any library', () => {
    const acceptAll: Ed25519Verify = () => true;
    const good = sign('assertion', id, keys.secretSeed);
    const s = good.slice(64);
    const ys = ['00', '01', 'ec', 'ed', 'ee'].map((first) => {
      const filler = first < '02' ? '00' : 'ff';
      return first + filler.repeat(30) + (filler === '00' ? '00' : '7f');
    });
    ys.push('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05');
    ys.push('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a');
    for (const y of ys) {
      for (const point of [y, withSign(y)]) {
        const agent = point as AgentId;
        assert.ok(!verifySignature('assertion', id, agent, good, acceptAll), `A ${point}`);
        const forged = (point + s) as SignatureHex;
        assert.ok(!verifySignature('assertion', id, keys.agentId, forged, acceptAll), `R ${point}`);
      }
    }
    const raised = littleHex(littleNumber(s) + order);
    const malleable = (good.slice(0, 64) + raised) as SignatureHex;
    assert.ok(!verifySignature('assertion', id, keys.agentId, malleable, acceptAll));
    const justBelow = (good.slice(0, 64) + littleHex(order - 1n)) as SignatureHex;
    assert.ok(verifySignature('assertion', id, keys.agentId, justBelow, acceptAll));
    for (const short of [good.slice(2), `${good}00`, good.toUpperCase(), '']) {
      const broken = short as SignatureHex;
      assert.ok(!verifySignature('assertion', id, keys.agentId, broken, acceptAll));
    }
  });

  it('of mixed order have one verdict with every library', () => {
    const torsion = Point.fromHex(
      'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    );
    const message = signatureMessage('assertion', id);
    const verdicts = new Set<boolean>();
    for (let i = 0; i < 64; i += 1) {
      const [a, r] = [BigInt(1000 + i), BigInt(77 + i)];
      const key = Point.BASE.multiply(a).add(torsion.multiply(BigInt((i % 8) + 8), false));
      const nonce = Point.BASE.multiply(r).add(torsion.multiply(BigInt((i >> 3) + 8), false));
      const bytes = [nonce.toBytes(), key.toBytes()];
      const hash = createHash('sha512')
        .update(Buffer.concat([...bytes, message]))
        .digest('hex');
      const s = (r + (littleNumber(hash) % order) * a) % order;
      const signature = (nonce.toHex() + littleHex(s)) as SignatureHex;
      const found = backends.map(([, backend]) =>
        verifySignature('assertion', id, key.toHex() as AgentId, signature, backend),
      );
      assert.equal(new Set(found).size, 1, `case ${i}: ${found.join()}`);
      verdicts.add(found[0] === true);
    }
    assert.deepEqual(verdicts, new Set([true, false]));
  });
});

describe('our signatures', () => {
  it('are bound to kind, target, agent and every bit', () => {
    const signature = sign('assertion', id, keys.secretSeed);
    for (const [name, backend] of backends) {
      assert.ok(verifySignature('assertion', id, keys.agentId, signature, backend), name);
      assert.ok(!verifySignature('vote', id, keys.agentId, signature, backend), name);
    }
    const bit = fc.nat(511);
    fc.assert(
      fc.property(bit, fc.constantFrom(...backends), (at, [, backend]) => {
        const bytes = fromHex(signature);
        bytes[at >> 3] = (bytes[at >> 3] ?? 0) ^ (1 << (at & 7));
        const flipped = toHex(bytes) as SignatureHex;
        assert.ok(!verifySignature('assertion', id, keys.agentId, flipped, backend));
      }),
      { numRuns: isSoak ? 5_000 : 150 },
    );
  });

  it('prove their kind in an attestation', () => {
    for (const kind of recordKinds) {
      const attestation: AttestationContent = {
        kind: 'attestation',
        v: 1,
        agent_id: keys.agentId,
        target: id,
        signature: sign(kind, id, keys.secretSeed),
      };
      for (const [, backend] of backends) assert.equal(attestedKind(attestation, backend), kind);
      const target = 'ab'.repeat(32) as RecordId;
      for (const [, backend] of backends) {
        assert.equal(attestedKind({ ...attestation, target }, backend), undefined);
      }
    }
  });

  it('cover the domain, the kind and the raw id', () => {
    const message = signatureMessage('assertion', id);
    assert.equal(toHex(message), Buffer.from('stemedb/v1/assertion/').toString('hex') + id);
  });
});

function withSign(point: string): string {
  const bytes = fromHex(point);
  bytes[31] = (bytes[31] ?? 0) ^ 0x80;
  return toHex(bytes);
}

function littleNumber(hex: string): bigint {
  return BigInt(`0x${Buffer.from(hex, 'hex').reverse().toString('hex')}`);
}

function littleHex(value: bigint): string {
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse().toString('hex');
}
