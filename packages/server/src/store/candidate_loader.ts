/**
 * Where the candidates of a question come from. Nothing here assumes one shard or this node: a
 * cluster's loader may ask others and merge what they answer.
 */
import type { HlcStamp } from '@stemedb/model';
import type { CandidateRow, Pair } from './store.js';

export interface CandidateLoader {
  /**
   * Rows of a pair with a stamp at or before asOf, each claim once, in chunks of bounded size and
   * in no order that a caller may rely on. Rejects with `StoreCorruption` rather than leave a row
   * out.
   */
  candidates(pair: Pair, asOf: HlcStamp): AsyncIterable<readonly CandidateRow[]>;
}
