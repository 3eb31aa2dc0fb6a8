/**
 * Which node keeps which of the 256 virtual shards (spec 10). A record's shard is the first byte of
 * the BLAKE3 of its concept path and never changes; only the map does. On a single node it is a
 * constant.
 */

/** Virtual shards, always; they are grouped, never split. */
export const virtualShards = 256;

export interface ShardMap {
  /** Groups that shards move in together: a power of two, at most `virtualShards`. */
  readonly groups: number;
  /** The group of a shard, below `groups`; throws a `RangeError` for what is no shard. */
  groupOf(shard: number): number;
  /** Ids of the nodes that keep a shard, the one to ask first in front; never empty. */
  nodesOf(shard: number): readonly string[];
}

/** The map of a node that keeps everything. */
export const singleNodeShards = (nodeId: string): ShardMap => {
  const nodes = [nodeId];
  const check = (shard: number): void => {
    const isShard = Number.isInteger(shard) && shard >= 0 && shard < virtualShards;
    if (!isShard) throw new RangeError(`${shard} is not a shard.`);
  };
  return {
    groups: 1,
    groupOf: (shard) => {
      check(shard);
      return 0;
    },
    nodesOf: (shard) => {
      check(shard);
      return nodes;
    },
  };
};
