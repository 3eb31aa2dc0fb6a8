/**
 * Answers of the API, JSON-ready, as the server sends and the client receives them (spec 7). The
 * order of the fields is the order in the document.
 */
import type { AgentId, HlcStamp, RecordId, SignatureHex } from './brand.js';
import type { JsonValue, RecordContent } from './record.js';

/** A question's answer: what one lens says at one moment. */
export interface Answer {
  readonly lens: string;
  /** RFC 3339 with milliseconds. */
  readonly as_of: string;
  /** Ask again with this `as_of` for exactly this answer. */
  readonly as_of_stamp: HlcStamp;
  /** True when later arrivals cannot change the answer. */
  readonly final: boolean;
  readonly policy: RecordId | null;
  readonly classes?: 'self-declared';
  readonly results: readonly AnswerResult[];
  readonly next_cursor?: string;
  readonly query_id: string;
}

export interface AnswerWarning {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

export interface AnswerValue {
  readonly value: JsonValue;
  readonly unit?: string;
  readonly score: number;
  readonly share?: number;
  readonly support: number;
  readonly claims: number;
  readonly assertion: RecordId;
}

export interface AnswerTier {
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
export interface AnswerResult {
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
  /** The other values that share the winning score. */
  readonly tied_with?: readonly AnswerValue[];
  readonly truncated?: number;
  /** The winning claim, with its recording time. */
  readonly assertion?: StatedRecord;
  /** Every value with its share, under `skeptic`. */
  readonly values?: readonly AnswerValue[];
  readonly tiers?: readonly AnswerTier[];
  readonly notes?: readonly string[];
  readonly warnings?: readonly AnswerWarning[];
  /** The factors behind the result; its members depend on the lens. */
  readonly explain?: object;
}

/** A record as stored, with what the node knows of it. */
export interface StatedRecord {
  readonly id: RecordId;
  readonly record: RecordContent;
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
  /** At most 100: the author's own first, then by agent and signature. */
  readonly signatures?: readonly { readonly agent_id: AgentId; readonly signature: SignatureHex }[];
  /** How many there are, when that is more than are listed. */
  readonly signatures_count?: number;
  readonly warnings?: readonly AnswerWarning[];
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
  readonly warnings?: readonly AnswerWarning[];
}
