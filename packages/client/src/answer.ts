/** The answers of the API as a client sees them (spec 7). */
import type {
  AgentId,
  ErrorCode,
  Fault,
  HlcStamp,
  JsonValue,
  RecordContent,
  RecordId,
  SignatureHex,
} from '@stemedb/model';

export interface Warning {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

/** The answer to one accepted write. */
export interface WriteAnswer {
  readonly id: RecordId;
  readonly status: 'created' | 'duplicate';
  readonly record: RecordContent;
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  /** Give it as `min_position` to any node: the question waits until it sees this write. */
  readonly position: string;
  readonly warnings?: readonly Warning[];
}

/** A record as stored, with what the node knows of it. */
export interface RecordAnswer {
  readonly id: RecordId;
  readonly record: RecordContent;
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
  readonly signatures?: readonly { readonly agent_id: AgentId; readonly signature: SignatureHex }[];
  readonly warnings?: readonly Warning[];
}

export interface ValueAnswer {
  readonly value: JsonValue;
  readonly unit?: string;
  readonly score: number;
  readonly share?: number;
  readonly support: number;
  readonly claims: number;
  readonly assertion: RecordId;
}

export interface TierAnswer {
  readonly tier: number;
  readonly class: string;
  readonly value: JsonValue;
  readonly unit?: string;
  readonly confidence: number;
  readonly conflict_score: number;
  readonly candidates_count: number;
  readonly assertion: RecordId;
  readonly tied?: true;
}

/** What one lens makes of the claims about one (concept, predicate). */
export interface ResolutionAnswer {
  readonly concept_path: string;
  readonly predicate: string;
  /** Absent under a lens that names no winner, such as `skeptic`. */
  readonly value?: JsonValue;
  readonly unit?: string;
  readonly confidence?: number;
  /** 0: one value; 1: an even split. */
  readonly conflict_score: number;
  readonly entropy_bits: number;
  readonly values_count: number;
  readonly status: 'unanimous' | 'agreed' | 'contested';
  readonly candidates_count: number;
  readonly tied?: true;
  readonly tied_with?: readonly ValueAnswer[];
  readonly truncated?: number;
  /** The claim that stands for the answer. */
  readonly assertion?: RecordAnswer;
  readonly values?: readonly ValueAnswer[];
  readonly tiers?: readonly TierAnswer[];
  readonly notes?: readonly string[];
  readonly warnings?: readonly Warning[];
  readonly explain?: JsonValue;
}

export interface QueryAnswer {
  readonly lens: string;
  /** RFC 3339 with milliseconds. */
  readonly as_of: string;
  /** Ask again with this `as_of` for exactly this answer. */
  readonly as_of_stamp: HlcStamp;
  /** True when later arrivals cannot change the answer. */
  readonly final: boolean;
  readonly policy: RecordId | null;
  readonly classes?: 'self-declared';
  readonly results: readonly ResolutionAnswer[];
  readonly next_cursor?: string;
  readonly query_id: string;
}

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
  readonly source_class?: string;
  readonly agent_id?: string;
  readonly min_confidence?: number;
  /** `none`, `class`, or a half-life in days. */
  readonly decay?: 'none' | 'class' | number;
  readonly explain?: boolean;
  readonly limit?: number;
  readonly cursor?: string;
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
