/** Verification with one verdict for every backend (spec 2; RFC 8032 section 5.1.7). */
import type { AgentId, RecordId, SignatureHex } from '../brand.js';
import { fromHex, parseAgentId, parseSignature } from '../hash/hex.js';
import { recordKinds } from '../kind.js';
import type { AttestationContent, RecordKind } from '../record.js';
import { signatureMessage } from './message.js';
import { isCanonicalScalar, isStrictPoint } from './strict.js';

/** A library's verification of 64 signature bytes, a message and 32 key bytes; must not throw. */
export type Ed25519Verify = (
  signature: Uint8Array,
  message: Uint8Array,
  publicKey: Uint8Array,
) => boolean;

/** What a library is asked about a signature that has passed the strict checks. */
export interface SignatureCheck {
  readonly signature: Uint8Array;
  readonly message: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The check that is left to a library, or undefined when the signature is refused before it. */
export function strictCheck(
  kind: RecordKind,
  target: RecordId,
  agent: AgentId,
  signature: SignatureHex,
): SignatureCheck | undefined {
  const bytes = strictSignature(signature);
  const key = strictKey(agent);
  if (bytes === undefined || key === undefined) return undefined;
  return { signature: bytes, message: signatureMessage(kind, target), publicKey: key };
}

/** Whether `signature` is the agent's, over `target` as a record of `kind`. */
export function verifySignature(
  kind: RecordKind,
  target: RecordId,
  agent: AgentId,
  signature: SignatureHex,
  backend: Ed25519Verify,
): boolean {
  const check = strictCheck(kind, target, agent, signature);
  return check !== undefined && backend(check.signature, check.message, check.publicKey);
}

/** The 64 bytes when their form is strict: R canonical and not of small order, S below L. */
export function strictSignature(signature: string): Uint8Array | undefined {
  if (parseSignature(signature) === undefined) return undefined;
  const bytes = fromHex(signature);
  const isStrict = isStrictPoint(bytes.subarray(0, 32)) && isCanonicalScalar(bytes.subarray(32));
  return isStrict ? bytes : undefined;
}

/** The 32 key bytes when they are canonical and not of small order. */
export function strictKey(agent: string): Uint8Array | undefined {
  if (parseAgentId(agent) === undefined) return undefined;
  const bytes = fromHex(agent);
  return isStrictPoint(bytes) ? bytes : undefined;
}

/**
 * The kind of record that an attestation proves to have been signed, or undefined when it proves
 * nothing. The kind is part of the message, so the target itself need not be known.
 */
export function attestedKind(
  attestation: AttestationContent,
  backend: Ed25519Verify,
): RecordKind | undefined {
  const bytes = strictSignature(attestation.signature);
  const key = strictKey(attestation.agent_id);
  if (bytes === undefined || key === undefined) return undefined;
  const { target } = attestation;
  return recordKinds.find((kind) => backend(bytes, signatureMessage(kind, target), key));
}
