/**
 * Signature checks as bytes, for another thread. Each takes 160 bytes: 64 of the signature, 32 of
 * the key, one that says how long the message is, and the message. A verdict is one byte.
 */
import type { Ed25519Verify, SignatureCheck } from '@stemedb/model';

const checkBytes = 160;
const keyAt = 64;
const lengthAt = 96;
const messageAt = 97;
const messageBytesMax = checkBytes - messageAt;

/** The only byte that accepts; whatever else comes back refuses. */
const valid = 1;
const invalid = 2;

/** The checks one after the other. The messages that mean records all fit. */
export const packChecks = (checks: readonly SignatureCheck[]): Uint8Array => {
  const batch = new Uint8Array(checks.length * checkBytes);
  for (const [index, { signature, message, publicKey }] of checks.entries()) {
    if (message.length > messageBytesMax) throw new Error('a message longer than records have');
    const at = index * checkBytes;
    batch.set(signature, at);
    batch.set(publicKey, at + keyAt);
    batch[at + lengthAt] = message.length;
    batch.set(message, at + messageAt);
  }
  return batch;
};

/** Verifies packed checks; one verdict for each. */
export const verifyPacked = (batch: Uint8Array, verify: Ed25519Verify): Uint8Array => {
  const verdicts = new Uint8Array(batch.length / checkBytes);
  for (let index = 0; index < verdicts.length; index += 1) {
    const check = batch.subarray(index * checkBytes, (index + 1) * checkBytes);
    const message = check.subarray(messageAt, messageAt + (check[lengthAt] ?? 0));
    const isValid = verify(check.subarray(0, keyAt), message, check.subarray(keyAt, lengthAt));
    verdicts[index] = isValid ? valid : invalid;
  }
  return verdicts;
};

export const isVerdictValid = (verdict: number | undefined): boolean => verdict === valid;
export const isVerdict = (verdict: number): boolean => verdict === valid || verdict === invalid;
