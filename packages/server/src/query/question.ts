/** What may be asked, after the door has checked it, and what is answered (spec 7). */
import type { AgentId, HlcStamp, Outcome, RecordContent, RecordId } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';

export interface Question {
  readonly scope:
    | { readonly type: 'concept'; readonly conceptPath: string }
    | { readonly type: 'prefix'; readonly prefix: string };
  readonly predicate?: string;
  readonly lens: string;
  /** As given: RFC 3339, milliseconds or a stamp. */
  readonly asOf?: string | number;
  readonly minPosition?: string;
  readonly assertedAfterMs?: number;
  readonly assertedBeforeMs?: number;
  readonly sinceMs?: number;
  readonly lifecycle?: string;
  readonly epoch?: RecordId;
  readonly sourceClass?: string;
  readonly agentId?: AgentId;
  readonly minConfidence?: number;
  /** `class`: by the half-life of the tier's class; a number: this half-life in days. */
  readonly decay?: 'none' | 'class' | number;
  readonly explain?: boolean;
  /** First candidate that an explanation lists; the explanation names the next page's. */
  readonly explainOffset?: number;
  /** 1..1000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** The answer as it goes out, JSON-ready; field order is the order of the document. */
export interface Answer {
  readonly lens: string;
  readonly as_of: string;
  readonly as_of_stamp: HlcStamp;
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
}

export interface AnswerValue {
  readonly value: unknown;
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
  readonly value: unknown;
  readonly unit?: string;
  readonly confidence: number;
  readonly conflict_score: number;
  readonly candidates_count: number;
  readonly assertion: RecordId;
  readonly tied?: true;
}

export interface AnswerResult {
  readonly concept_path: string;
  readonly predicate: string;
  /** Absent under a lens that names no winner. */
  readonly value?: unknown;
  readonly unit?: string;
  readonly confidence?: number;
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
  readonly explain?: unknown;
}

export interface StatedRecord {
  readonly id: RecordId;
  readonly record: RecordContent;
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
  /** At most 100: the author's own first, then by agent and signature. */
  readonly signatures?: readonly { readonly agent_id: AgentId; readonly signature: string }[];
  /** How many there are, when that is more than are listed. */
  readonly signatures_count?: number;
  readonly warnings?: readonly AnswerWarning[];
}

export interface QueryService {
  ask(principal: Principal, question: Question, signal?: AbortSignal): Promise<Outcome<Answer>>;
  /** A record of any kind as stored; with `kind`, only when it is of that kind. */
  record(
    principal: Principal,
    id: RecordId,
    options?: {
      readonly kind?: string;
      readonly asOf?: string | number;
      readonly minPosition?: string;
    },
  ): Promise<Outcome<StatedRecord>>;
}
