/** The tree over a real log: roots and proofs, kept through restarts, deletion and damage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leafHash, verifyConsistency, verifyInclusion } from '@stemedb/model';
import fc from 'fast-check';
import { groupLeaves } from '../../../src/log/merkle/leaf_group.js';
import { MerkleTree } from '../../../src/log/merkle/merkle_tree.js';
import { entriesOf, entryNumber, groupsWithin } from '../../../src/log/merkle/tree_file.js';
import {
  dbDir,
  entryOf,
  type LogWithTree,
  leafBytesOf,
  leavesOf,
  logOf,
  openBoth,
  write,
} from './logs.js';
import { ReferenceRoots } from './others.js';

const treePath = `${dbDir}/tree`;
const isLong = process.env.STEMEDB_SOAK === '1';

/** Checks the root of this size and some proofs that lead to it. */
const checkSize = async (
  tree: MerkleTree,
  leaves: readonly Buffer[],
  reference: ReferenceRoots,
  size: number,
): Promise<void> => {
  const root = reference.root(0, size);
  assert.deepEqual(await tree.root(size), root, `root of ${size}`);
  for (const index of new Set([0, size >> 1, size - 1])) {
    const hashes = await tree.inclusion(index, size);
    const leaf = leafHash(leaves[index] ?? Buffer.alloc(0));
    assert.ok(verifyInclusion({ index, size }, leaf, hashes, root), `${index} of ${size}`);
  }
  const from = Math.max(1, ((size * 2) % 601) % size);
  const first = { size: from, root: reference.root(0, from) };
  assert.ok(verifyConsistency(first, { size, root }, await tree.consistency(from, size)));
};

const checkAll = async ({ log, tree }: LogWithTree, step = 1): Promise<void> => {
  const leaves = await leavesOf(log);
  assert.equal(tree.size, leaves.length);
  const reference = new ReferenceRoots(leaves);
  for (let size = 1; size <= leaves.length; size += step) {
    await checkSize(tree, leaves, reference, size);
  }
  if (leaves.length > 0) await checkSize(tree, leaves, reference, leaves.length);
};

test('roots and proofs of every size, in batches of any size', async () => {
  await checkAll(await logOf(600, [1, 7, 64, 300]));
  await checkAll(await logOf(groupLeaves * 4, [groupLeaves]), 31);
});

test('a repeated id is a leaf of its own', async () => {
  const both = await logOf(3, [3]);
  await write(both, [entryOf(2)]);
  const leaves = await leavesOf(both.log);
  assert.deepEqual(leaves[3], leaves[1]);
  await checkAll(both);
});

test('the entries of the file stand in the order in which they come to be', () => {
  let number = 0;
  for (let group = 0; group < 300; group += 1) {
    assert.equal(entriesOf(group), number);
    assert.equal(groupsWithin(number), group);
    let index = group;
    for (let level = 0; ; level += 1) {
      assert.equal(entryNumber(level, index), number);
      number += 1;
      assert.equal(groupsWithin(number - 1), group);
      if (index % 2 === 0) break;
      index = (index - 1) / 2;
    }
  }
});

/** Stops in order, or as a kill does when nothing is flushed, and opens again. */
const reopened = async (both: LogWithTree, flushed: boolean): Promise<LogWithTree> => {
  if (flushed) await both.tree.flush();
  await both.tree.close();
  await both.log.close();
  return openBoth(both.disk);
};

test('a restart goes on where the file ends, flushed or killed before', async () => {
  for (const flushed of [true, false]) {
    let both = await logOf(1000, [50]);
    for (let turn = 0; turn < 3; turn += 1) {
      both = await reopened(both, flushed);
      await checkAll(both, 97);
      const next = both.tree.size + 1;
      await write(
        both,
        Array.from({ length: 300 }, (_, index) => entryOf(next + index)),
      );
      await checkAll(both, 97);
    }
    assert.equal(both.tree.rebuilt === undefined, flushed);
  }
});

test('a restart reads the last group and what follows, never the whole log', async () => {
  const both = await logOf(20 * groupLeaves + 10, [groupLeaves]);
  await both.tree.flush();
  await both.tree.close();
  let read = 0;
  const log = {
    lastSequence: both.log.lastSequence,
    iterate: async function* (from: { readonly sequence: number; readonly offset?: number }) {
      for await (const chunk of both.log.iterate(from)) {
        read += chunk.filter(({ sequence }) => sequence < 18 * groupLeaves).length;
        yield chunk;
      }
    },
  };
  const place = { disk: both.disk, directory: dbDir };
  const ids = { databaseId: 'a'.repeat(32), logId: both.log.logId };
  const tree = await MerkleTree.open({ ...place, ...ids, log });
  assert.equal(read, 0);
  assert.equal(tree.rebuilt, undefined);
  await checkAll({ ...both, tree }, 997);
});

test('a deleted file is made anew', async () => {
  const both = await logOf(1000, [50]);
  await both.tree.flush();
  both.disk.take(treePath);
  const again = await reopened(both, true);
  assert.equal(again.tree.rebuilt, 'there is none');
  await checkAll(again, 97);
});

test('a flipped bit anywhere in the file is found, and the file made anew', async () => {
  const both = await logOf(9 * groupLeaves + 5, [groupLeaves]);
  await both.tree.flush();
  await both.tree.close();
  await both.log.close();
  const bits = both.disk.peek(treePath).length * 8;
  const flips = fc.integer({ min: 0, max: bits - 1 });
  const check = async (bit: number): Promise<void> => {
    const disk = both.disk.clone();
    disk.flipBit(treePath, bit);
    const again = await openBoth(disk);
    await checkAll(again, 611);
    await again.tree.close();
    await again.log.close();
  };
  await fc.assert(fc.asyncProperty(flips, check), { numRuns: isLong ? 3000 : 60 });
});

test('a damaged file is found while it is used, and nothing noted meanwhile is lost', async () => {
  const both = await logOf(6 * groupLeaves, [groupLeaves]);
  await both.tree.flush();
  // The root of four groups, which the root of six is made from.
  both.disk.flipBit(treePath, (64 + entryNumber(2, 0) * 56 + 3) * 8);
  const asked = both.tree.root(6 * groupLeaves);
  await write(
    both,
    Array.from({ length: 300 }, (_, index) => entryOf(1600 + index)),
  );
  await asked;
  assert.match(both.tree.rebuilt ?? '', /is damaged/);
  await checkAll(both, 97);
  await checkAll(await reopened(both, true), 97);
});

test('records that come while the tree is made anew are in the new one', async () => {
  const both = await logOf(5 * groupLeaves, [groupLeaves]);
  const { log } = both;
  let late: Promise<void> | undefined;
  let tree: MerkleTree | undefined;
  const opened = await MerkleTree.open({
    disk: both.disk,
    directory: dbDir,
    databaseId: 'a'.repeat(32),
    logId: log.logId,
    log: {
      get lastSequence() {
        return log.lastSequence;
      },
      // Reads what there was when it was asked, and is overtaken by a write.
      iterate: async function* (from: { readonly sequence: number }) {
        const end = log.lastSequence;
        for await (const chunk of log.iterate(from)) {
          yield chunk.filter(({ sequence }) => sequence <= end);
        }
        if (tree !== undefined) late ??= write({ log, tree }, [entryOf(1), entryOf(2)]);
        await late;
      },
    },
  });
  tree = opened;
  await tree.rebuild('the test wants it');
  assert.ok(late !== undefined);
  await checkAll({ ...both, tree }, 97);
});

test('a file of another history of the same log is not gone on with', async () => {
  const both = await logOf(2 * groupLeaves, [groupLeaves]);
  const other = await logOf(groupLeaves, [groupLeaves]);
  await write(
    other,
    Array.from({ length: groupLeaves }, (_, n) => entryOf(257 + n, 'forged')),
  );
  await other.tree.flush();
  both.disk.put(treePath, other.disk.peek(treePath));
  const again = await reopened(both, false);
  assert.match(again.tree.rebuilt ?? '', /group 1 of the tree file is not what the log holds/);
  await checkAll(again, 97);
});

test('the leaf is the id and the stamp, 48 bytes', () => {
  const entry = entryOf(1);
  assert.equal(leafBytesOf(entry).length, 48);
});
