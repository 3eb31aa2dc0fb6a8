/** Notes, checkpoints and proofs as a stranger sends them: nothing untrue is ever believed. */
import assert from 'node:assert/strict';
import {
  emptyRoot,
  formatVkey,
  fromBase64,
  isByAnotherKey,
  leafHash,
  type NoteKey,
  nodeHash,
  openCheckpoint,
  originOf,
  parseVkey,
  pureNoteSigner,
  signCheckpoint,
  statedOrigin,
  toBase64,
  verifyConsistency,
  verifyInclusion,
} from '@stemedb/model';
import { sodiumVerify } from '../../../src/ingest/sodium.js';
import { pure, textOf, utf8, valueIn } from '../target.js';

const leaves = Array.from({ length: 13 }, (_, at) => leafHash(Uint8Array.of(at)));

/** The largest power of two below `size`. */
const splitOf = (size: number): number => 2 ** Math.floor(Math.log2(size - 1));

const rootOf = (part: readonly Uint8Array[]): Uint8Array => {
  const [only] = part;
  if (only === undefined) return emptyRoot;
  if (part.length === 1) return only;
  const split = splitOf(part.length);
  return nodeHash(rootOf(part.slice(0, split)), rootOf(part.slice(split)));
};

/** RFC 9162 section 2.1.3.1. */
const pathOf = (at: number, part: readonly Uint8Array[]): readonly Uint8Array[] => {
  if (part.length <= 1) return [];
  const split = splitOf(part.length);
  const [left, right] = [part.slice(0, split), part.slice(split)];
  if (at < split) return [...pathOf(at, left), rootOf(right)];
  return [...pathOf(at - split, right), rootOf(left)];
};

/** RFC 9162 section 2.1.4.1. */
const bridgeOf = (
  size: number,
  part: readonly Uint8Array[],
  isWhole: boolean,
): readonly Uint8Array[] => {
  if (size === part.length) return isWhole ? [] : [rootOf(part)];
  const split = splitOf(part.length);
  const [left, right] = [part.slice(0, split), part.slice(split)];
  if (size <= split) return [...bridgeOf(size, left, isWhole), rootOf(right)];
  return [...bridgeOf(size - split, right, false), rootOf(left)];
};

const roots = Array.from({ length: leaves.length + 1 }, (_, size) => rootOf(leaves.slice(0, size)));
const same = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  b !== undefined && Buffer.compare(a, b) === 0;

const linesOf = (...lines: readonly (string | number | Uint8Array)[]): string =>
  lines.map((line) => (line instanceof Uint8Array ? toBase64(line) : String(line))).join('\n');

const signer = pureNoteSigner(new Uint8Array(32).fill(3));
const origin = originOf('a'.repeat(32), 'b'.repeat(32));
const key: NoteKey = { name: origin, publicKey: signer.publicKey };
const checkpoint = { origin, size: 7, root: rootOf(leaves.slice(0, 7)) };
const note = signCheckpoint(checkpoint, signer);

const runProof = (text: string): void => {
  const [kind, one = '', two = '', ...rest] = text.split('\n');
  const hashes = rest.map((line) => fromBase64(line) ?? utf8(line));
  const [first = emptyRoot, second = emptyRoot, ...path] = hashes;
  const [from, size] = [Number(one), Number(two)];
  if (kind === 'inclusion') {
    if (!verifyInclusion({ index: from, size }, first, path, second)) return;
    // Whoever has the true root is told the truth about the leaf.
    if (same(second, roots[size])) assert.ok(same(first, leaves[from]), 'a leaf that is not there');
  } else {
    const heads = [
      { size: from, root: first },
      { size, root: second },
    ] as const;
    if (!verifyConsistency(...heads, path) || !same(second, roots[size])) return;
    assert.ok(same(first, roots[from]), 'a beginning that never was');
  }
};

const run = (input: Uint8Array): void => {
  const text = textOf(input);
  const bytes = fromBase64(text);
  if (bytes !== undefined) assert.equal(toBase64(bytes), text);
  const vkey = parseVkey(text);
  if (vkey !== undefined) assert.equal(formatVkey(vkey), text);
  const opened = valueIn(openCheckpoint(text, key, sodiumVerify), input.length);
  if (opened !== undefined) assert.deepEqual(opened, checkpoint, 'a checkpoint that is forged');
  statedOrigin(text);
  isByAnotherKey(text, key);
  runProof(text);
};

export const proof = pure(
  {
    name: 'proof',
    seeds: [
      note,
      `${note}\u2014 witness.example ${toBase64(new Uint8Array(72).fill(1))}\n`,
      formatVkey(key),
      ...[0, 4, 12].map((at) => {
        const path = pathOf(at, leaves);
        return linesOf('inclusion', at, 13, leaves[at] ?? emptyRoot, rootOf(leaves), ...path);
      }),
      ...[1, 4, 7, 12].map((size) => {
        const hashes = bridgeOf(size, leaves, true);
        const first = rootOf(leaves.slice(0, size));
        return linesOf('consistency', size, 13, first, rootOf(leaves), ...hashes);
      }),
    ],
    words: ['\u2014 ', '+', 'AA==', 'inclusion', 'consistency', ...leaves.map(toBase64)],
    bytesMax: 70_000,
  },
  run,
);
