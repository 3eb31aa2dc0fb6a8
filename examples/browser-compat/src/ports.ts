/**
 * What the demo needs of the world: a way to the server and a place to print. The command line
 * wires both; the tests use a small database in memory.
 */
import type { SignedSource } from './agents.js';
import type { SignedClaim } from './dataset.js';

/** A question in the names of `POST /v1/query`. */
export interface DemoQuestion {
  readonly concept_path?: string;
  readonly prefix?: string;
  readonly predicate: string;
  readonly lens: string;
  readonly agent_id?: string;
  readonly explain?: boolean;
  /** 1..1000 results a page. */
  readonly limit?: number;
  readonly cursor?: string;
}

/** One value with its support, as `skeptic` lists it. */
export interface DemoValue {
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
  readonly results: readonly DemoResult[];
  readonly next_cursor?: string;
}

export interface SendResult {
  readonly created: number;
  readonly duplicate: number;
  readonly refused: number;
}

/** Calls reject when the server cannot be reached; the demo does not catch that. */
export interface DemoClient {
  putSource(source: SignedSource): Promise<{ readonly status: 'created' | 'duplicate' }>;
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
