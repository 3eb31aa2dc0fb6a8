/** What may be asked, after the door has checked it, and who answers it (spec 7). */
import type { AgentId, Answer, Outcome, RecordId, StatedRecord } from '@stemedb/model';
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
  /** Claims whose author is trusted less are left out. */
  readonly minTrust?: number;
  /** Claims that something took the place of take part too: those of superseded epochs, those that
   * were replaced, and those that a revision succeeded. */
  readonly includeSuperseded?: boolean;
  /** Whose aliases join other concepts to the one asked: `effective` when absent; `all` with those
   * that are only proposed. */
  readonly aliases?: 'effective' | 'all' | 'none';
  /** `warn`: claims that are retracted, or rest on what is, take part with a warning. */
  readonly onRetracted?: 'exclude' | 'warn';
  /** `class`: by the half-life of the tier's class; a number: this half-life in days. */
  readonly decay?: 'none' | 'class' | number;
  readonly explain?: boolean;
  /** First candidate that an explanation lists; the explanation names the next page's. */
  readonly explainOffset?: number;
  /** 1..1000. */
  readonly limit: number;
  readonly cursor?: string;
}

export interface RecordOptions {
  readonly kind?: string;
  readonly asOf?: string | number;
  readonly minPosition?: string;
}

/** True from when nobody waits for the answer any more; an `AbortSignal` is one. */
export interface Cancellation {
  readonly aborted: boolean;
}

export interface QueryService {
  ask(principal: Principal, question: Question, signal?: Cancellation): Promise<Outcome<Answer>>;
  /** The answer as its JSON text, which costs less than the answer and its text; at once when it
   * is kept. */
  askForText(
    principal: Principal,
    question: Question,
    signal?: Cancellation,
  ): Outcome<Uint8Array> | Promise<Outcome<Uint8Array>>;
  /** A record of any kind as stored; with `kind`, only when it is of that kind. */
  record(
    principal: Principal,
    id: RecordId,
    options?: RecordOptions,
    signal?: Cancellation,
  ): Promise<Outcome<StatedRecord>>;
}
