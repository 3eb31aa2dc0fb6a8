/** The candidate loader of a node that keeps every shard: its own store. */
import { shardOf } from '@stemedb/model';
import type { CandidateLoader } from '../store/candidate_loader.js';
import type { ShardMap } from '../store/shard_map.js';

/** Reads from `own`; a shard that stands elsewhere is a broken invariant. */
export const localCandidates = (
  own: CandidateLoader,
  nodeId: string,
  shards: ShardMap,
): CandidateLoader => ({
  candidates: (pair, asOf) => {
    const shard = shardOf(pair.conceptPath);
    if (!shards.nodesOf(shard).includes(nodeId)) {
      throw new Error(`Shard ${shard} is not kept by this node.`);
    }
    return own.candidates(pair, asOf);
  },
});
