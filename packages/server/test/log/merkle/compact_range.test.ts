/** The range that a log is read into, against roots that are computed apart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blake3, recordIdOf } from '@stemedb/model';
import { CompactRange } from '../../../src/log/merkle/compact_range.js';
import { entryOf, leafBytesOf } from './logs.js';
import { ReferenceRoots } from './others.js';

const sizeMax = 300;
const entries = Array.from({ length: sizeMax }, (_, index) => entryOf(index + 1));
const reference = new ReferenceRoots(entries.map(leafBytesOf));
const rootOf = (size: number): string => reference.root(0, size).toString('base64');

test(`the root of every size up to ${sizeMax}, gone on with from each size before`, () => {
  const range = new CompactRange();
  assert.equal(range.root, '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=', 'SHA-256 of nothing');
  for (const { bytes, stamp } of entries) {
    if (range.size % 2 === 0) range.add(recordIdOf(bytes), stamp);
    else range.addRaw(blake3(bytes), Buffer.from(`00${stamp}`, 'hex'), 1);
    assert.equal(range.root, rootOf(range.size), `size ${range.size}`);
    const again = CompactRange.from(range.written());
    assert.equal(again?.root, range.root);
    for (const entry of entries.slice(range.size, range.size + 5)) {
      again.add(recordIdOf(entry.bytes), entry.stamp);
    }
    assert.equal(again.root, rootOf(again.size), `${range.size} and five more`);
  }
});

test('what is no id and no stamp is refused', () => {
  const range = new CompactRange();
  assert.throws(() => range.addRaw(new Uint8Array(31), Buffer.alloc(16), 0), /no id/);
  assert.throws(() => range.addRaw(new Uint8Array(32), Buffer.alloc(16), 1), /no stamp/);
});

test('what is no range is none', () => {
  const hash = 'A'.repeat(43);
  assert.ok(CompactRange.from({ size: 3, hashes: [`${hash}=`, `${hash}=`] }));
  assert.equal(CompactRange.from({ size: 3, hashes: [`${hash}=`] }), undefined);
  assert.equal(CompactRange.from({ size: 1, hashes: ['AAAA'] }), undefined);
  assert.equal(CompactRange.from({ size: 0, hashes: [`${hash}=`] }), undefined);
  assert.equal(CompactRange.from({ size: -1, hashes: [] }), undefined);
  assert.equal(CompactRange.from({ size: 0.5, hashes: [] }), undefined);
});
