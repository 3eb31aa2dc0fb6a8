/** The shard that goes into the frame of a record (spec 10). */
import type { RecordContent, RecordId } from '@stemedb/model';
import { shardOf } from '@stemedb/model';
import { allShards } from '../../log/log.js';

/** A target's own shard is carried along; without a shard of its own a record is for all. */
export const shardOfContent = (
  content: RecordContent,
  shardOfTarget: (id: RecordId) => number | undefined,
): number => {
  switch (content.kind) {
    case 'assertion':
      return shardOf(content.concept_path);
    case 'vote':
    case 'attestation':
      return shardOfTarget(content.target) ?? allShards;
    case 'alias': {
      const shard = shardOf(content.a);
      return shard === shardOf(content.b) ? shard : allShards;
    }
    case 'source':
    case 'epoch':
    case 'supersession':
    case 'verdict':
    case 'policy':
      return allShards;
  }
};
