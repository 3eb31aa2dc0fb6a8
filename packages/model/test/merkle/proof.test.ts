/** Verification against the RFC restated, and against every way to bend a proof. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyRoot, leafHash, verifyConsistency, verifyInclusion } from '@stemedb/model';
import fc from 'fast-check';
import { ReferenceTree } from './rfc.js';

/** Entries and roots of the reference implementation's own test (Certificate Transparency). */
const known = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  [
    '606162636465666768696a6b6c6d6e6f',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
] as const;

test('roots are those of the reference implementation', () => {
  const entries = known.map(([hex]) => Buffer.from(hex, 'hex'));
  const tree = new ReferenceTree(entries);
  for (const [index, [, root]] of known.entries()) {
    assert.equal(tree.root(0, index + 1).toString('hex'), root);
    const path = tree.path(index, 0, index + 1);
    const leaf = leafHash(entries[index] ?? Buffer.alloc(0));
    assert.ok(verifyInclusion({ index, size: index + 1 }, leaf, path, Buffer.from(root, 'hex')));
  }
  assert.deepEqual(Buffer.from(emptyRoot), tree.root(0, 0));
});

const entries = Array.from({ length: 130 }, (_, index) => Buffer.from(`entry ${index}`));
const tree = new ReferenceTree(entries);
const leafOf = (index: number): Uint8Array => leafHash(entries[index] ?? Buffer.alloc(0));

test('every inclusion proof up to 130 leaves verifies, and for no other leaf or size', () => {
  for (let size = 1; size <= entries.length; size += 1) {
    const root = tree.root(0, size);
    for (let index = 0; index < size; index += 1) {
      const path = tree.path(index, 0, size);
      assert.ok(verifyInclusion({ index, size }, leafOf(index), path, root), `${index} ${size}`);
      const other = (index + 1) % size;
      if (other === index) continue;
      assert.ok(!verifyInclusion({ index: other, size }, leafOf(index), path, root));
      assert.ok(!verifyInclusion({ index, size }, leafOf(other), path, root));
    }
  }
});

test('every consistency proof up to 130 leaves verifies, and for no other root', () => {
  for (let to = 1; to <= entries.length; to += 1) {
    for (let from = 0; from <= to; from += 1) {
      const first = { size: from, root: tree.root(0, from) };
      const second = { size: to, root: tree.root(0, to) };
      const path = from === 0 ? [] : tree.proof(from, to);
      assert.ok(verifyConsistency(first, second, path), `${from} ${to}`);
      assert.ok(!verifyConsistency({ ...first, root: tree.root(1, 2) }, second, path));
      if (from === 0) continue;
      assert.ok(!verifyConsistency(first, { ...second, root: tree.root(1, 2) }, path));
      assert.ok(!verifyConsistency({ ...first, size: from - 1 }, second, path));
    }
  }
});

test('a bent proof never verifies', () => {
  const bend = fc.constantFrom('flip', 'drop', 'double', 'swap', 'append') as fc.Arbitrary<Bend>;
  const place = fc.integer({ min: 2, max: entries.length });
  fc.assert(
    fc.property(place, fc.nat(), fc.nat(), bend, (size, choice, at, how) => {
      const index = choice % size;
      const path = bent(tree.path(index, 0, size), at, how);
      const root = tree.root(0, size);
      assert.ok(!verifyInclusion({ index, size }, leafOf(index), path, root));
      const from = 1 + (choice % (size - 1));
      const proof = bent(tree.proof(from, size), at, how);
      const first = { size: from, root: tree.root(0, from) };
      assert.ok(!verifyConsistency(first, { size, root }, proof));
    }),
    { numRuns: process.env.STEMEDB_SOAK === '1' ? 100_000 : 3000 },
  );
});

type Bend = 'flip' | 'drop' | 'double' | 'swap' | 'append';

const bent = (path: readonly Buffer[], choice: number, how: Bend): readonly Buffer[] => {
  const at = choice % path.length;
  const chosen = Buffer.from(path[at] ?? Buffer.alloc(32));
  if (how === 'drop') return path.filter((_, index) => index !== at);
  if (how === 'append') return [...path, chosen];
  if (how === 'double') return path.toSpliced(at, 0, chosen);
  const next = (at + 1) % path.length;
  if (how === 'swap' && next !== at) return path.with(at, path[next] ?? chosen).with(next, chosen);
  chosen.writeUInt8(chosen.readUInt8(choice % 32) ^ 1, choice % 32);
  return path.with(at, chosen);
};

test('hashes of another length are refused, even where they would lead to the root', () => {
  const size = 3;
  const path = tree.path(0, 0, size);
  const root = tree.root(0, size);
  const place = { index: 0, size };
  const first = { size: 1, root: leafOf(0) };
  assert.ok(verifyInclusion(place, leafOf(0), path, root));
  assert.ok(verifyConsistency(first, { size, root }, path));
  const long = (hash: Uint8Array): Buffer => Buffer.concat([hash, Buffer.alloc(1)]);
  const short = (hash: Uint8Array): Uint8Array => hash.subarray(1);
  for (const bend of [long, short]) {
    for (const at of path.keys()) {
      const bent = path.map((hash, index) => (index === at ? bend(hash) : hash));
      assert.equal(verifyInclusion(place, leafOf(0), bent, root), false);
      assert.equal(verifyConsistency(first, { size, root }, bent), false);
    }
    assert.equal(verifyInclusion(place, bend(leafOf(0)), path, root), false);
    assert.equal(
      verifyConsistency({ size: 1, root: bend(leafOf(0)) }, { size, root }, path),
      false,
    );
  }
});
