/**
 * The pure backend, for browsers and for anybody without a native library. The library's own
 * `verify` multiplies by the cofactor; ours follows RFC 8032 section 5.1.7 without it, as the
 * native libraries do: encode(S*B - k*A) must be R, byte for byte.
 */
import { getPublicKey, hashes, Point, sign as signBytes } from '@noble/ed25519';
import { createSHA512 } from 'hash-wasm';
import type { AgentId, RecordId, SignatureHex } from '../brand.js';
import { toHex } from '../hash/hex.js';
import type { RecordKind } from '../record.js';
import { signatureMessage } from './message.js';
import type { Ed25519Verify } from './verify.js';

const hasher = await createSHA512();
const sha512 = (bytes: Uint8Array): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(hasher.init().update(bytes).digest('binary'));
hashes.sha512 = sha512;

export interface KeyPair {
  readonly agentId: AgentId;
  readonly publicKey: Uint8Array;
  /** The 32 secret bytes that everything follows from (RFC 8032 section 5.1.5). */
  readonly secretSeed: Uint8Array;
}

/** The key pair of 32 secret bytes. */
export function keyPairFromSeed(seed: Uint8Array): KeyPair {
  const publicKey = getPublicKey(seed);
  return { agentId: toHex(publicKey) as AgentId, publicKey, secretSeed: seed };
}

/** Signs `target`, a record of `kind`, with 32 secret bytes. */
export function sign(kind: RecordKind, target: RecordId, secretSeed: Uint8Array): SignatureHex {
  return toHex(signMessage(signatureMessage(kind, target), secretSeed)) as SignatureHex;
}

/** The 64 bytes of the signature over a message, which must not be one that means a record. */
export function signMessage(message: Uint8Array, secretSeed: Uint8Array): Uint8Array {
  return signBytes(message, secretSeed);
}

/** Verification in pure code; expects what `verifySignature` has checked before. */
export const nobleVerify: Ed25519Verify = (signature, message, publicKey) => {
  const r = signature.subarray(0, 32);
  const s = numberOf(signature.subarray(32, 64));
  try {
    const a = Point.fromBytes(publicKey);
    const k = numberOf(sha512(concat(r, publicKey, message))) % Point.CURVE().n;
    const found = Point.BASE.multiply(s, false).subtract(a.multiply(k, false)).toBytes();
    return found.every((byte, i) => byte === r[i]);
  } catch {
    // The key is not a point of the curve, or S is out of range.
    return false;
  }
};

function numberOf(littleEndian: Uint8Array): bigint {
  return BigInt(`0x${toHex(littleEndian.toReversed())}`);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
