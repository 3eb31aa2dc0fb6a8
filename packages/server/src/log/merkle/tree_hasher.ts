/**
 * The hashes of the tree on the way in, where each counts: the native SHA-256 over buffers that are
 * kept, no object for a record. The same hashes as those of the model, which a test holds together.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import sodium from 'sodium-native';

export const hashBytes = 32;

const leafScratch = Buffer.alloc(49);
const nodeScratch = Buffer.alloc(65, 1);
leafScratch[0] = 0;

/** Writes the hash of the leaf for a record into 32 bytes. */
export function hashLeafInto(target: Buffer, id: RecordId, stamp: HlcStamp): void {
  const written = leafScratch.write(id, 1, 32, 'hex') + leafScratch.write(stamp, 33, 16, 'hex');
  if (written !== 48) throw new Error('merkle: an id or a stamp that is not hexadecimal');
  sodium.crypto_hash_sha256(target, leafScratch);
}

/** The same from bytes: 32 of the id, 16 of the stamp at a place of a buffer. */
export function hashRawLeafInto(
  target: Buffer,
  id: Uint8Array,
  stamps: Buffer,
  stampAt: number,
): void {
  leafScratch.set(id, 1);
  const copied = stamps.copy(leafScratch, 33, stampAt, stampAt + 16);
  if (id.length !== 32 || copied !== 16) throw new Error('merkle: no id or no stamp');
  sodium.crypto_hash_sha256(target, leafScratch);
}

/** Writes the hash of the node above two hashes, given as one, into 32 bytes. */
export function hashPairInto(target: Buffer, pair: Uint8Array): void {
  nodeScratch.set(pair, 1);
  sodium.crypto_hash_sha256(target, nodeScratch);
}

/** The hash of the node above two. */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  const hash = Buffer.alloc(hashBytes);
  nodeScratch.set(left, 1);
  nodeScratch.set(right, 1 + hashBytes);
  sodium.crypto_hash_sha256(hash, nodeScratch);
  return hash;
}
