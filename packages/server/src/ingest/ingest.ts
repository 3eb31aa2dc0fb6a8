/**
 * The two entrances of records: `submit` with every gate of the public API, `merge` with only the
 * record's own shape, hash and signature (spec 1, "the gate advises, the reader decides").
 */
import type {
  AgentId,
  HlcStamp,
  JsonValue,
  Outcome,
  RecordId,
  RecordKind,
  SignatureHex,
  StemeError,
} from '@stemedb/model';
import type { AuthorProof } from '../log/log.js';
import type { Principal } from './principal.js';

export interface Warning {
  readonly code:
    | 'unknown_reference'
    | 'class_not_granted'
    | 'clock_ahead'
    | 'not_a_revision'
    | 'alias_proposed'
    | 'verdict_not_counted';
  readonly detail: string;
  readonly pointer?: string;
}

/** One record as a caller states it: parsed JSON that nobody has looked at yet. */
export interface Submission {
  readonly kind: RecordKind;
  /** The content; `kind`, `v`, `agent_id`, `asserted_at` may be left out. */
  readonly content: JsonValue;
  readonly signatures?: readonly { readonly agent_id: AgentId; readonly signature: SignatureHex }[];
}

export interface Accepted {
  readonly id: RecordId;
  readonly status: 'created' | 'duplicate';
  /** The content as stored: its canonical text, in UTF-8. */
  readonly bytes: Uint8Array;
  readonly stamp: HlcStamp;
  readonly sequence: number;
  readonly position: string;
  readonly warnings: readonly Warning[];
}

/** A record with the stamp and proof that it already has elsewhere. */
export interface MergeRecord {
  /** Canonical bytes of the content. */
  readonly bytes: Uint8Array;
  readonly stamp: HlcStamp;
  readonly proof: AuthorProof;
  /** When the sender knows it. */
  readonly shard?: number;
}

export interface MergeResult {
  readonly created: number;
  readonly duplicate: number;
  readonly refused: readonly { readonly index: number; readonly error: StemeError }[];
  readonly position: string;
}

export interface Ingest {
  /** Decides, logs, syncs and makes visible; resolves only then. What is accepted has its place in
   * the order of writing when the call returns its promise, before anything else can happen. */
  submit(principal: Principal, submission: Submission): Promise<Outcome<Accepted>>;
  /** The same, but other writes may come between the call and its place in the order: signatures
   * are verified on another thread while this one has other work. */
  submitConcurrently(principal: Principal, submission: Submission): Promise<Outcome<Accepted>>;
  /** Several at once, each decided alone, committed together where the batch limit allows. */
  submitAll(
    principal: Principal,
    submissions: readonly Submission[],
  ): Promise<readonly Outcome<Accepted>[]>;
  merge(records: readonly MergeRecord[]): Promise<Outcome<MergeResult>>;
  /** Resolves when everything that was accepted before the call is visible. */
  settle(): Promise<void>;
  readonly queueLength: number;
}
