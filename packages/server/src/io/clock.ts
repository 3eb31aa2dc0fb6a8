/** Time, the only source of it: everything else is handed one of these. */
export interface Clock {
  /** Wall time in milliseconds since 1970-01-01T00:00:00Z; may jump either way. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start; never steps back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`; the result cancels. Does not keep a process up. */
  after(delayMs: number, run: () => void): () => void;
  /** Resolves after everything else that is ready has had its turn. */
  turn(): Promise<void>;
}
