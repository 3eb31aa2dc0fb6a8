/**
 * What the demo needs of the world: a way to the server and a place to print. The command line
 * wires both; the tests use a small database in memory.
 */
import type { HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import type { SignedClaim, SignedStatement, SignedSupersession } from './records.js';

/** A question in the names of `POST /v1/query`. */
export interface DemoQuestion {
  readonly concept_path?: string;
  readonly prefix?: string;
  readonly predicate: string;
  readonly lens: string;
  readonly agent_id?: string;
  readonly as_of?: HlcStamp;
  readonly include_superseded?: boolean;
  readonly decay?: 'class';
  readonly explain?: boolean;
  /** 1..1000 results a page. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** One value with its support, as `skeptic` lists it. */
interface DemoValue {
  readonly value: unknown;
  readonly share?: number;
  readonly support: number;
  readonly claims: number;
}

/** The parts of a result that the demo shows; the server's answer has more. */
export interface DemoResult {
  readonly concept_path: string;
  readonly value?: unknown;
  readonly confidence?: number;
  readonly conflict_score: number;
  readonly entropy_bits: number;
  readonly candidates_count: number;
  readonly tied?: boolean;
  readonly values?: readonly DemoValue[];
  /** As the server explains: `formula`, and `candidates` with their factors. */
  readonly explain?: unknown;
}

export interface DemoAnswer {
  /** RFC 3339. */
  readonly as_of: string;
  readonly policy: RecordId | null;
  readonly results: readonly DemoResult[];
  readonly next_cursor?: string;
}

export interface SendResult {
  readonly created: number;
  readonly duplicate: number;
  readonly refused: number;
}

/** A record that the server has. */
export interface Recorded {
  readonly record: RecordContent;
  /** RFC 3339. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
}

/** What may not be done (403), with the rule as a sentence. */
export interface Forbidden {
  readonly code: string;
  readonly detail: string;
}

/** How one answer would change, should a source be retracted; null for no answer. */
export interface DemoImpact {
  readonly concept_path: string;
  readonly old: DemoResult | null;
  readonly new: DemoResult | null;
}

/** One page of them. */
export interface DemoImpacts {
  /** The condition of a retraction: nothing came to rest on the source since. */
  readonly position: string;
  readonly dependants: number;
  readonly impacts: readonly DemoImpact[];
}

/** Calls reject when the server refuses or cannot be reached; the demo does not catch that. */
export interface DemoClient {
  /** States a record; one that is there already is left as it is. */
  put(record: SignedStatement): Promise<Recorded>;
  /** The same, where a refusal is an answer. */
  attempt(record: SignedSupersession): Promise<Recorded | Forbidden>;
  /** Retracts the source that the supersession names, unless more rests on it than before. */
  retract(record: SignedSupersession, ifPosition: string): Promise<Recorded>;
  /** A record of any kind; undefined when there is none. */
  record(id: RecordId): Promise<Recorded | undefined>;
  /** Page after page, by path. */
  impact(source: RecordId, lens: string, asOf?: HlcStamp): AsyncIterable<DemoImpacts>;
  /** Takes claims no faster than they can be sent; `onProgress` gets the number decided so far. */
  sendClaims(
    claims: Iterable<SignedClaim>,
    onProgress: (done: number) => void,
  ): Promise<SendResult>;
  query(question: DemoQuestion): Promise<DemoAnswer>;
}

export interface DemoProgress {
  update(done: number): void;
  /** Called once, also when the work fails. */
  stop(): void;
}

/** Cells and lines may quote what a claim says: an implementation escapes them. */
export interface DemoOutput {
  section(title: string): void | Promise<void>;
  line(text: string): void | Promise<void>;
  table(head: readonly string[], rows: readonly (readonly string[])[]): void | Promise<void>;
  progress(title: string, total: number): DemoProgress;
}
