/** All proofs of all small trees, as ranges of leaves, against verifiers that are not ours. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leafHash, verifyConsistency, verifyInclusion } from '@stemedb/model';
import {
  consistencyRanges,
  inclusionRanges,
  type LeafRange,
  subtreesOf,
} from '../../../src/log/merkle/ranges.js';
import { entryOf, leafBytesOf } from './logs.js';
import {
  ReferenceRoots,
  sigstoreIncludes,
  transmuteConsistent,
  transmuteIncludes,
} from './others.js';

const sizeMax = 600;
const leaves = Array.from({ length: sizeMax }, (_, index) => leafBytesOf(entryOf(index + 1)));
const reference = new ReferenceRoots(leaves);
const rootsOf = (ranges: readonly LeafRange[]): readonly Buffer[] =>
  ranges.map(({ start, end }) => reference.root(start, end));
/** Sizes around each power of two and the full groups, where trees change their shape. */
const isEdge = (size: number): boolean =>
  [0, 1, 2].some((off) => Number.isInteger(Math.log2(size - 1 + off))) || size % 97 === 0;

test(`every inclusion proof of every size up to ${sizeMax}`, async () => {
  for (let size = 1; size <= sizeMax; size += 1) {
    const root = reference.root(0, size);
    for (let index = 0; index < size; index += 1) {
      const leaf = leaves[index] ?? Buffer.alloc(0);
      const hashes = rootsOf(inclusionRanges(index, size));
      const place = `leaf ${index} of ${size}`;
      assert.ok(verifyInclusion({ index, size }, leafHash(leaf), hashes, root), place);
      if (!isEdge(size)) continue;
      assert.ok(sigstoreIncludes(leaf, index, size, hashes, root), `${place}, sigstore`);
      assert.ok(!sigstoreIncludes(leaf, index, size, hashes, Buffer.alloc(32)));
      if (index % 41 !== 0) continue;
      assert.ok(await transmuteIncludes(leaf, index, size, hashes, root), `${place}, transmute`);
    }
  }
});

test(`every consistency proof between sizes up to ${sizeMax}`, async () => {
  for (let to = 1; to <= sizeMax; to += 1) {
    const second = { size: to, root: reference.root(0, to) };
    for (let from = 0; from <= to; from += 1) {
      const first = { size: from, root: reference.root(0, from) };
      const hashes = rootsOf(consistencyRanges(from, to));
      assert.ok(verifyConsistency(first, second, hashes), `${from} to ${to}`);
      if (!isEdge(to) || from === 0 || from === to || from % 13 !== 0) continue;
      const isTaken = await transmuteConsistent([from, first.root], [to, second.root], hashes);
      assert.ok(isTaken, `${from} to ${to}, transmute`);
    }
  }
});

test('a range is its complete subtrees, each where it belongs', () => {
  for (let start = 0; start < 64; start += 1) {
    for (let end = start; end < 140; end += 1) {
      let at = start;
      for (const { level, index } of subtreesOf({ start, end })) {
        assert.equal(index * 2 ** level, at);
        at += 2 ** level;
      }
      assert.equal(at, end);
    }
  }
});

test('sizes beyond 32 bits are counted right', () => {
  const size = 2 ** 52 + 3;
  const ranges = inclusionRanges(2 ** 52, size);
  assert.deepEqual(ranges, [
    { start: 2 ** 52 + 1, end: 2 ** 52 + 2 },
    { start: 2 ** 52 + 2, end: size },
    { start: 0, end: 2 ** 52 },
  ]);
  assert.deepEqual(subtreesOf({ start: 0, end: 2 ** 52 }), [{ level: 52, index: 0 }]);
});
