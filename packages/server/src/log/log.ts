/**
 * The log: an append-only sequence of immutable records, the only place where content lives
 * (spec 4). Sequences start at 1 and have no gaps; marks have none of their own.
 */
import type { HlcStamp, Outcome, RecordId, StemeError } from '@stemedb/model';

/** How the author of a record was proved when it was accepted (spec 1.2). */
export type AuthorProof = 'signature' | 'credential' | 'node';

/** Shard of the whole database: records that every node keeps. */
export const allShards = 0xffff;

/** A record that is about to be written. */
export interface LogEntry {
  /** Number of the record kind, see `kindNumber`; unknown kinds are kept as they came. */
  readonly kind: number;
  /** 0..255, or `allShards`. */
  readonly shard: number;
  readonly stamp: HlcStamp;
  readonly proof: AuthorProof;
  /** The canonical bytes of the content. */
  readonly bytes: Uint8Array;
}

/** A record as it stands in the log. */
export interface LogRecord extends LogEntry {
  readonly sequence: number;
  /** Byte offset of the frame, counted through all segments. */
  readonly offset: number;
}

export interface Appended {
  /** Sequence of the first entry of the batch; the others follow without a gap. */
  readonly firstSequence: number;
  /** Frame offset of each entry, in order. */
  readonly offsets: readonly number[];
}

export interface Log {
  /** 32 hex digits; names this log in positions and, later, in checkpoints. */
  readonly logId: string;
  /** Last sequence written; 0 when empty. */
  readonly lastSequence: number;
  /** Last sequence known to be on stable storage. */
  readonly durableSequence: number;
  /** Newest stamp among the records found at opening and appended since. */
  readonly lastStamp: HlcStamp | undefined;
  /**
   * Writes a batch and makes it durable with one sync. Calls must not overlap. On `disk_full` the
   * file was cut back and the log goes on; on `log_failed` the log is dead and stays so.
   */
  append(batch: readonly LogEntry[]): Promise<Outcome<Appended>>;
  /** Reads one record back and checks its CRC; `log_corrupt` names segment and offset. */
  read(sequence: number, offset: number): Outcome<LogRecord>;
  /** Records from `fromSequence` (whose frame is at `fromOffset` when known), in order, in
   * chunks of about `chunkBytes` (1 MiB if left out); with `shard`, only that shard's and those of
   * `allShards`. Throws only `log_corrupt`. */
  iterate(from: {
    readonly sequence: number;
    readonly offset?: number;
    readonly shard?: number;
    readonly chunkBytes?: number;
  }): AsyncIterable<readonly LogRecord[]>;
  /** Appends and syncs a mark that records how far the log is durable. */
  mark(): Promise<Outcome<void>>;
  /** Writes a closing mark and releases the files. */
  close(): Promise<void>;
  /** Why the log is dead; undefined while it lives. */
  readonly failure: StemeError | undefined;
  readonly usage: { readonly segments: number; readonly bytes: number };
}

/** A record with what the other rooms have derived from it once. */
export interface CommittedRecord extends LogRecord {
  readonly id: RecordId;
}
