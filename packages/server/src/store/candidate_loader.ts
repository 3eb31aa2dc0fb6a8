/**
 * Where the candidates of a question come from. Nothing here assumes one shard or this node: a
 * cluster's loader may ask others and merge what they answer.
 */
import type { HlcStamp, RecordId, ValueKey } from '@stemedb/model';

/** A (concept, predicate): what a question is about and what claims compete for. */
export interface Pair {
  readonly conceptPath: string;
  readonly predicate: string;
}

/** The fixed-size row of one assertion; dictionary numbers stand for what repeats. */
export interface CandidateRow {
  readonly sequence: number;
  readonly id: RecordId;
  readonly valueKey: ValueKey;
  readonly agentNumber: number;
  /** Number of the `OriginExpression`. */
  readonly originNumber: number;
  /** Number of the stated class name; 0 when none was stated. */
  readonly classNumber: number;
  /** As stated, 1 when absent. */
  readonly confidence: number;
  readonly assertedMs: number;
  readonly stamp: HlcStamp;
  readonly lifecycle: 'proposed' | 'under_review' | 'approved' | 'deprecated' | 'rejected';
  /** Number of the epoch id; 0 when none. */
  readonly epochNumber: number;
  readonly hasParent: boolean;
  /** True when the claim names a source, a premise or an epoch: what may carry a warning. */
  readonly hasReferences: boolean;
}

export interface CandidateLoader {
  /**
   * Rows of a pair with a stamp at or before asOf, each claim once, in chunks of bounded size and
   * in no order that a caller may rely on. Rejects with `StoreCorruption` rather than leave a row
   * out.
   */
  candidates(pair: Pair, asOf: HlcStamp): AsyncIterable<readonly CandidateRow[]>;
}
