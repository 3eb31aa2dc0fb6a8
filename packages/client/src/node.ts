/** What needs Node.js: a signer on OpenSSL's Ed25519, some forty times faster than the pure one. */
import { createPrivateKey, createPublicKey, sign as signBytes } from 'node:crypto';
import { parseAgentId, parseSignature, signatureMessage, toHex } from '@stemedb/model';
import type { LocalSigner } from './signer.js';

/** The fixed head of an Ed25519 private key in PKCS #8 (RFC 8410, section 7). */
const pkcs8Head = Buffer.from('302e020100300506032b657004220420', 'hex');
/** Length of the head of an Ed25519 public key in SPKI (RFC 8410, section 4). */
const spkiHeadBytes = 12;

/** A signer from a 32-byte secret seed. */
export const nodeCryptoSigner = (seed: Uint8Array): LocalSigner => {
  if (seed.length !== 32) throw new RangeError('An Ed25519 seed has 32 bytes.');
  const privateKey = createPrivateKey({
    key: Buffer.concat([pkcs8Head, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const agentId = parseAgentId(toHex(spki.subarray(spkiHeadBytes)));
  if (agentId === undefined) throw new Error('An Ed25519 public key is always an agent id.');
  return {
    agentId,
    sign: (kind, id) => {
      const text = toHex(signBytes(undefined, signatureMessage(kind, id), privateKey));
      const signature = parseSignature(text);
      if (signature === undefined) throw new Error('OpenSSL made a signature of another length.');
      return signature;
    },
  };
};
