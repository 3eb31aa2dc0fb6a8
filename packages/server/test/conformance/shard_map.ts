/** What any shard map has to do, however many nodes it knows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ShardMap, virtualShards } from '../../src/store/shard_map.js';

export const shardMapConformance = (name: string, make: () => ShardMap): void => {
  test(`${name}: every shard has a group and a node`, () => {
    const map = make();
    for (let shard = 0; shard < virtualShards; shard += 1) {
      const group = map.groupOf(shard);
      assert.ok(Number.isInteger(group) && group >= 0 && group < map.groups);
      const nodes = map.nodesOf(shard);
      assert.ok(nodes.length > 0);
      assert.equal(new Set(nodes).size, nodes.length, 'a node stands there once');
    }
  });

  test(`${name}: groups are a power of two, and shards of a group stay together`, () => {
    const map = make();
    assert.equal(Math.log2(map.groups) % 1, 0);
    assert.ok(map.groups <= virtualShards);
    const nodesOfGroup = new Map<number, string>();
    for (let shard = 0; shard < virtualShards; shard += 1) {
      const nodes = map.nodesOf(shard).join();
      const group = map.groupOf(shard);
      assert.equal(nodesOfGroup.get(group) ?? nodes, nodes);
      nodesOfGroup.set(group, nodes);
    }
  });

  test(`${name}: what is no shard is refused`, () => {
    const map = make();
    for (const shard of [-1, virtualShards, 1.5, Number.NaN]) {
      assert.throws(() => map.groupOf(shard), RangeError);
      assert.throws(() => map.nodesOf(shard), RangeError);
    }
  });
};
