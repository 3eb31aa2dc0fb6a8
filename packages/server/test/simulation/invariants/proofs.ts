/** Checkpoints and proofs: what was once signed is the beginning of all that is signed later. */
import {
  emptyRoot,
  fromBase64,
  leafData,
  leafHash,
  type RecordId,
  verifyConsistency,
  verifyInclusion,
} from '@stemedb/model';
import type { Database } from '../../../src/bin/database.js';
import { hold, type Ledger } from '../ledger.js';

const bytesOf = (text: string): Uint8Array => {
  const bytes = fromBase64(text);
  hold(bytes !== undefined, 'a proof is base64', () => text);
  return bytes;
};

/** The record is in the tree of every later checkpoint. */
export const checkProof = async (
  { proofs }: Database,
  ledger: Ledger,
  id: RecordId,
): Promise<void> => {
  const place = ledger.acknowledged.get(id);
  if (place === undefined) return;
  const proof = await proofs.inclusionOf(id);
  hold(proof.ok, 'what is acknowledged can be proved', () => id);
  const { leaf_index: index, tree_size: size, hashes, root } = proof.value;
  hold(index === place.sequence - 1, 'a leaf is at its sequence', () => `${id} at ${index}`);
  const leaf = leafHash(leafData(id, place.stamp));
  const isProved = verifyInclusion({ index, size }, leaf, hashes.map(bytesOf), bytesOf(root));
  hold(isProved, 'an inclusion proof leads to the root', () => `${id} in ${size}`);
};

/** Each checkpoint that was given out is the beginning of the log as it is now. */
export const checkCheckpoints = async ({ proofs }: Database, ledger: Ledger): Promise<void> => {
  for (const { size, root } of ledger.checkpoints.slice(-4)) {
    const proof = await proofs.consistency(size);
    hold(proof.ok, 'what was signed is there', () => `a tree of ${size}`);
    const { to, from_root, to_root, hashes } = proof.value;
    const isSame = Buffer.compare(bytesOf(from_root), size === 0 ? emptyRoot : root) === 0;
    hold(isSame, 'what was signed is not contradicted', () => `the root of ${size}`);
    const second = { size: to, root: bytesOf(to_root) };
    const isProved = verifyConsistency({ size, root }, second, hashes.map(bytesOf));
    hold(isProved, 'a consistency proof leads to both roots', () => `${size} and ${to}`);
  }
};
