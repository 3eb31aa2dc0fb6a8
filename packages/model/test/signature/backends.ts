/** Every Ed25519 library in use, as a backend of the same form. */
import { createPublicKey, verify } from 'node:crypto';
import { createRequire } from 'node:module';
import { type Ed25519Verify, nobleVerify } from '@stemedb/model';

interface Sodium {
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean;
}

const sodium = createRequire(import.meta.url)('sodium-native') as Sodium;

const sodiumVerify: Ed25519Verify = (signature, message, publicKey) =>
  sodium.crypto_sign_verify_detached(
    Buffer.from(signature),
    Buffer.from(message),
    Buffer.from(publicKey),
  );

const opensslVerify: Ed25519Verify = (signature, message, publicKey) => {
  const x = Buffer.from(publicKey).toString('base64url');
  try {
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
};

export const backends: readonly (readonly [string, Ed25519Verify])[] = [
  ['noble', nobleVerify],
  ['sodium', sodiumVerify],
  ['openssl', opensslVerify],
];
