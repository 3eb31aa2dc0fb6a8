/** A checked record on its way into the log, and where it came to stand. */
import type { HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import type { AuthorProof } from '../log/log.js';

export interface PendingRecord {
  readonly id: RecordId;
  /** As in the frame: the number of the kind. */
  readonly kind: number;
  readonly shard: number;
  readonly proof: AuthorProof;
  readonly bytes: Uint8Array;
  /** Undefined for a record of a kind or version that this release does not know. */
  readonly content: RecordContent | undefined;
  /** Present when the record brings its stamp along (merge); otherwise the writer stamps it. */
  readonly stamp?: HlcStamp;
}

export interface CommittedPlace {
  readonly status: 'created' | 'duplicate';
  readonly stamp: HlcStamp;
  readonly sequence: number;
}
