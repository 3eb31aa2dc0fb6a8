/** The deadline of one question, and the turns that it leaves to others. */
import type { Clock } from '../io/clock.js';
import type { Cancellation } from './question.js';

/** The question was given up: its time is over or its caller is gone. */
export class QueryEnded extends Error {
  override readonly name = 'QueryEnded';
}

/** Rows of work between two checks of deadline and cancellation (spec 6). */
const rowsPerTurn = 4096;

/** Rows of work that reading one row is: finding, checking and decoding it takes as long as all
 * that a lens does with four. */
export const rowsPerRowRead = 4;

/** Rows that a pair costs beside its own, so that a page turns after 256 of the smallest ones. */
export const rowsPerPair = 16;

/** Rows that reading one record back from the log costs. */
export const rowsPerRecord = 16;

export class Pace {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #timeoutMs: number;
  readonly #signal: Cancellation | undefined;
  /** Rows of work that may still be done before the next turn. */
  #left = rowsPerTurn;

  constructor(clock: Clock, timeoutMs: number, signal: Cancellation | undefined) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#deadlineMs = clock.monotonicMs() + timeoutMs;
    this.#signal = signal;
  }

  /** Counts rows of work that was done, whichever pair they belong to; checks deadline and
   * cancellation, and gives others their turn when it is due: only then is there a promise, so
   * that work on a few rows need not wait for nothing. */
  spend(rows: number): Promise<void> | undefined {
    this.#left -= rows;
    if (this.#left <= 0) return this.turn();
    this.#check();
    return undefined;
  }

  /** Lets other requests have their turn, then checks. */
  async turn(): Promise<void> {
    this.#left = rowsPerTurn;
    await this.#clock.turn();
    this.#check();
  }

  /** Waits for what others do, as long as the question has time; false when that ran out. */
  async reaches(work: Promise<void>): Promise<boolean> {
    let stopClock = (): void => undefined;
    const over = new Promise<boolean>((resolve) => {
      const leftMs = Math.max(0, this.#deadlineMs - this.#clock.monotonicMs());
      stopClock = this.#clock.after(leftMs, () => resolve(false));
    });
    try {
      return await Promise.race([work.then(() => true), over]);
    } finally {
      stopClock();
    }
  }

  #check(): void {
    if (this.#signal?.aborted === true) throw new QueryEnded('The caller has gone.');
    if (this.#clock.monotonicMs() < this.#deadlineMs) return;
    throw new QueryEnded(
      `The question took longer than ${this.#timeoutMs} ms; narrow it by path, predicate or limit.`,
    );
  }
}
