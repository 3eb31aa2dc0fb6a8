/** Proofs of the Merkle log, for the documentation. */
import { Type } from '@sinclair/typebox';

const count = Type.Integer({ minimum: 0 });
const hash = Type.String({ description: '32 bytes, base64.' });

export const inclusionProofSchema = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  recorded_stamp: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  leaf_index: count,
  tree_size: count,
  hashes: Type.Array(hash, { description: 'From the sibling of the leaf up (RFC 9162, 2.1.3).' }),
  root: hash,
});

export const consistencyProofSchema = Type.Object({
  from: count,
  to: count,
  from_root: hash,
  to_root: hash,
  hashes: Type.Array(hash, { description: 'As RFC 9162, 2.1.4 orders them.' }),
});
