export type * from './answer.js';
export * from './brand.js';
export * from './errors.js';
export { blake3, blake3Hex, recordIdOf, shardOf, valueKeyIn, valueKeyOf } from './hash/blake3.js';
export {
  fromHex,
  parseAgentId,
  parseRecordId,
  parseSignature,
  parseStamp,
  toHex,
} from './hash/hex.js';
export { canonicalBytes, canonicalText, encodeUtf8 } from './json/canonical.js';
export { type JsonLimits, parseJson } from './json/parser.js';
export { decodeComposed, decodeStored } from './json/trusted.js';
export { kindNumber, kindOfNumber, parseKind, recordKinds } from './kind.js';
export { fromBase64, toBase64 } from './merkle/base64.js';
export {
  type Checkpoint,
  isByAnotherKey,
  openCheckpoint,
  originOf,
  signCheckpoint,
  statedOrigin,
} from './merkle/checkpoint.js';
export { emptyRoot, leafData, leafHash, nodeHash } from './merkle/hash.js';
export {
  formatVkey,
  type NoteKey,
  type NoteSigner,
  noteKeyOf,
  parseVkey,
  pureNoteSigner,
} from './merkle/note.js';
export {
  type LeafPlace,
  type TreeHead,
  verifyConsistency,
  verifyInclusion,
} from './merkle/proof.js';
export { nearestName } from './nearest.js';
export { defaultPolicyTable, type PolicyTable } from './policy.js';
export { publicError, publicFaults } from './public_faults.js';
export * from './record.js';
export * from './result.js';
export { contentSchemas, fieldsOf, schemas } from './schema/schemas.js';
export { attestationBytes } from './signature/attestation.js';
export { signatureMessage } from './signature/message.js';
export { type KeyPair, keyPairFromSeed, nobleVerify, sign } from './signature/noble.js';
export {
  attestedKind,
  type Ed25519Verify,
  type SignatureCheck,
  strictCheck,
  strictKey,
  strictSignature,
  verifySignature,
} from './signature/verify.js';
export {
  endOfMs,
  HybridClock,
  makeStamp,
  stampCounter,
  stampMs,
  stampNode,
  zeroStamp,
} from './time/hlc.js';
export { formatTime, normalizeTimes, parseTime, timeMsMax } from './time/time.js';
export { normalizeUri } from './uri.js';
export { readRecord, validateContent } from './validate.js';
