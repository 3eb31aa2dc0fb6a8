/**
 * Implementations that are not ours: sigstore's for checkpoints and inclusion, Transmute's for
 * inclusion and consistency; and the root of RFC 9162 section 2.1.1 written down again.
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RFC9162 } from '@transmute/rfc9162';

interface Entry {
  readonly canonicalizedBody: Uint8Array;
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly hashes: readonly Uint8Array[];
    readonly checkpoint: { readonly envelope: string };
  };
}

interface Checkpoint {
  readonly origin: string;
  readonly logSize: bigint;
  readonly logHash: Buffer;
}

interface Sigstore {
  /** Throws when the signature or the proof is wrong. */
  verifyCheckpoint(entry: Entry, logs: readonly object[]): Checkpoint;
  verifyMerkleInclusion(entry: Entry, head: Omit<Checkpoint, 'origin'>): void;
}

/** The functions of the package that its door does not show. */
const load = createRequire(import.meta.url);
const folder = join(dirname(fileURLToPath(import.meta.resolve('@sigstore/verify'))), 'tlog');
const { verifyCheckpoint } = load(join(folder, 'checkpoint.js')) as Sigstore;
const { verifyMerkleInclusion } = load(join(folder, 'merkle.js')) as Sigstore;

const entryOf = (leaf: Uint8Array, index: number, hashes: readonly Uint8Array[], note = '') => ({
  canonicalizedBody: leaf,
  inclusionProof: { logIndex: String(index), hashes, checkpoint: { envelope: note } },
});

/** True when sigstore's verifier takes the proof; `leaf` is the data of the leaf. */
export const sigstoreIncludes = (
  leaf: Uint8Array,
  index: number,
  size: number,
  hashes: readonly Uint8Array[],
  root: Uint8Array,
): boolean => {
  try {
    const head = { logSize: BigInt(size), logHash: Buffer.from(root) };
    verifyMerkleInclusion(entryOf(leaf, index, hashes), head);
    return true;
  } catch {
    return false;
  }
};

const publicKeyOf = (raw: Uint8Array): KeyObject => {
  const prefix = Buffer.from('302a300506032b6570032100', 'hex');
  return createPublicKey({ key: Buffer.concat([prefix, raw]), format: 'der', type: 'spki' });
};

/** The checkpoint of a note, when sigstore's reader finds it signed by the key; else it throws. */
export const sigstoreCheckpoint = (note: string, vkey: string): Checkpoint => {
  const [name = '', hash = '', ...rest] = vkey.split('+');
  const publicKey = publicKeyOf(Buffer.from(rest.join('+'), 'base64').subarray(1));
  const log = { logID: Buffer.from(hash, 'hex'), baseURL: name, publicKey };
  return verifyCheckpoint(entryOf(new Uint8Array(), 0, [], note), [log]);
};

export const transmuteIncludes = async (
  leaf: Uint8Array,
  index: number,
  size: number,
  hashes: readonly Uint8Array[],
  root: Uint8Array,
): Promise<boolean> =>
  RFC9162.verifyInclusionProof(root, await RFC9162.leaf(leaf), {
    log_id: '',
    tree_size: size,
    leaf_index: index,
    inclusion_path: [...hashes],
  });

/**
 * Its verifier leaves step 2 of section 2.1.4.2 to its prover: where the earlier size is a power of
 * two the first root has to be given along.
 */
export const transmuteConsistent = (
  [from, fromRoot]: readonly [number, Uint8Array],
  [to, toRoot]: readonly [number, Uint8Array],
  hashes: readonly Uint8Array[],
): Promise<boolean> =>
  RFC9162.verifyConsistencyProof(fromRoot, toRoot, {
    log_id: '',
    tree_size_1: from,
    tree_size_2: to,
    consistency_path: Number.isInteger(Math.log2(from)) ? [fromRoot, ...hashes] : [...hashes],
  });

/** MTH(D[start:end]), as the RFC defines it; what was computed of a range is kept. */
export class ReferenceRoots {
  readonly #leaves: readonly Uint8Array[];
  readonly #roots = new Map<string, Buffer>();

  constructor(leaves: readonly Uint8Array[]) {
    this.#leaves = leaves;
  }

  root(start: number, end: number): Buffer {
    const name = `${start}:${end}`;
    const root = this.#roots.get(name) ?? this.#hash(start, end);
    this.#roots.set(name, root);
    return root;
  }

  #hash(start: number, end: number): Buffer {
    const hash = createHash('sha256');
    if (end === start) return hash.digest();
    if (end === start + 1) {
      return hash
        .update('\0')
        .update(this.#leaves[start] ?? new Uint8Array())
        .digest();
    }
    let k = 1;
    while (2 * k < end - start) k *= 2;
    const left = this.root(start, start + k);
    return hash
      .update('\u0001')
      .update(left)
      .update(this.root(start + k, end))
      .digest();
  }
}
