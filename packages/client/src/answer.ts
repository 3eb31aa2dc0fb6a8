/** What only a client asks and is told; the answers of the API stand in the model (spec 7). */
import type { ErrorCode, Fault, JsonValue } from '@stemedb/model';

/** A question; `concept_path` or `prefix` is required. */
export interface QuestionInput {
  readonly concept_path?: string;
  readonly prefix?: string;
  readonly predicate?: string;
  readonly lens?: string;
  /** RFC 3339, milliseconds, or a stamp. */
  readonly as_of?: string | number;
  readonly min_position?: string;
  readonly asserted_after?: string | number;
  readonly asserted_before?: string | number;
  readonly since?: string | number;
  readonly lifecycle?: string;
  readonly epoch?: string;
  /** Claims of superseded epochs, replaced claims and revised ones take part as well. */
  readonly include_superseded?: boolean;
  /** Whose claims take part: by aliases in effect (as if left out), by proposed ones too, none. */
  readonly aliases?: 'effective' | 'all' | 'none';
  /** `warn`: retracted claims and what rests on them take part, each with a warning. */
  readonly on_retracted?: 'exclude' | 'warn';
  readonly source_class?: string;
  readonly agent_id?: string;
  readonly min_confidence?: number;
  /** Least trust in the author, from 0 to 1. */
  readonly min_trust?: number;
  /** `none`, `class`, or a half-life in days. */
  readonly decay?: 'none' | 'class' | number;
  readonly explain?: boolean;
  /** The first candidate to list, from `next_offset` of the last explanation. */
  readonly explain_offset?: number;
  readonly limit?: number;
  readonly cursor?: string;
}

/** A question for constraints: of one concept, whose ancestors are looked at as well. */
export type ConstraintsInput = Omit<QuestionInput, 'prefix'>;

/** The key that signs the checkpoints of one log, in the form that verifiers of notes take. */
export interface LogKey {
  readonly origin: string;
  readonly vkey: string;
}

export interface HealthAnswer {
  readonly status: string;
  readonly assertion_count: number;
  readonly [name: string]: JsonValue;
}

/** One refused line of a stream of records. */
export interface RefusedLine {
  /** Number of the line in the whole input; the first is 1. */
  readonly line: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly faults?: readonly Fault[];
}

/** What became of a stream of records. */
export interface BulkAnswer {
  readonly lines: number;
  readonly created: number;
  readonly duplicate: number;
  readonly refused: number;
  /** Lines kept by a request whose answer was cut off: created or duplicate, not known which. */
  readonly kept: number;
  /** The first refused lines, at most 1,000; `onRefused` sees all that the server reports. */
  readonly refusals: readonly RefusedLine[];
  /** Undefined when nothing was sent. */
  readonly position: string | undefined;
}
