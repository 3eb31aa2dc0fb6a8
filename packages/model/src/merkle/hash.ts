/**
 * The hashes of the Merkle tree (RFC 9162 section 2.1.1, the same as RFC 6962 section 2.1):
 * SHA-256, a leaf begins with 0x00 and a node with 0x01, so that neither passes for the other.
 */
import { createSHA256 } from 'hash-wasm';
import type { HlcStamp, RecordId } from '../brand.js';
import { fromHex } from '../hash/hex.js';

const hasher = await createSHA256();

/** Bytes of a leaf's data: the id and the stamp of one record. */
const leafDataBytes = 48;

/** The 32 bytes of SHA-256. One instance serves all: no call yields before its digest. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return hasher.init().update(bytes).digest('binary');
}

/** Root of the tree without leaves. */
export const emptyRoot: Uint8Array = sha256(new Uint8Array());

/** What a leaf holds: 32 bytes of the record's id, 16 of the stamp it was recorded under. */
export function leafData(id: RecordId, stamp: HlcStamp): Uint8Array {
  const data = new Uint8Array(leafDataBytes);
  data.set(fromHex(id));
  data.set(fromHex(stamp), 32);
  return data;
}

/** Hash of the leaf that holds these bytes. */
export function leafHash(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 1);
  bytes.set(data, 1);
  return sha256(bytes);
}

/** Hash of the node above these two. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(65);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, 33);
  return sha256(bytes);
}
