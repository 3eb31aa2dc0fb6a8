/** The deadline of one question, and the turns that it leaves to others. */
import type { Clock } from '../io/clock.js';

/** The question was given up: its time is over or its caller is gone. */
export class QueryEnded extends Error {
  override readonly name = 'QueryEnded';
}

/** Pairs that a page resolves between two turns. */
const pairsPerTurn = 256;

export class Pace {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  #steps = 0;
  /** A pair with more rows than this gives turns of its own. */
  readonly rowsPerTurn = 4096;

  constructor(clock: Clock, timeoutMs: number, signal: AbortSignal | undefined) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#signal = signal;
  }

  /** Checks deadline and cancellation; every so often lets others have their turn. */
  async step(): Promise<void> {
    this.#steps += 1;
    this.#check();
    if (this.#steps % pairsPerTurn === 0) await this.turn();
  }

  /** Lets other requests have their turn, then checks. */
  async turn(): Promise<void> {
    await this.#clock.turn();
    this.#check();
  }

  #check(): void {
    if (this.#signal?.aborted === true) throw new QueryEnded('The caller has gone.');
    if (this.#clock.monotonicMs() < this.#deadlineMs) return;
    throw new QueryEnded(
      `The question took longer than ${this.#timeoutMs} ms; narrow it by path, predicate or limit.`,
    );
  }
}
