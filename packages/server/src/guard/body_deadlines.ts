/**
 * How long bodies may take to arrive. All have the same time, so they are due in the order in which
 * they began, and one timer for the first of them serves all: a timer for each request would cost
 * more than reading its body.
 *
 * A late body fails as if its stream had failed, so the answer and the closing of the connection
 * are the usual ones. What nobody ended is forgotten when it is due.
 */
import type { IncomingMessage } from 'node:http';
import type { Clock } from '../io/clock.js';

export class BodyDeadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #late: () => Error;
  /** When each body that is awaited is due, on the monotonic clock; the first one first. */
  readonly #due = new Map<IncomingMessage, number>();
  #isArmed = false;

  /** `late` makes the error that a late body fails with. */
  constructor(clock: Clock, timeoutMs: number, late: () => Error) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
    this.#late = late;
  }

  /** The time of this body begins. */
  start(body: IncomingMessage): void {
    this.#due.set(body, this.#clock.monotonicMs() + this.#timeoutMs);
    if (!this.#isArmed) this.#arm(this.#timeoutMs);
  }

  /** The body has arrived, or is no longer awaited. */
  end(body: IncomingMessage): void {
    this.#due.delete(body);
  }

  #arm(delayMs: number): void {
    this.#isArmed = true;
    this.#clock.after(delayMs, () => this.#sweep());
  }

  #sweep(): void {
    this.#isArmed = false;
    const nowMs = this.#clock.monotonicMs();
    for (const [body, dueMs] of this.#due) {
      if (dueMs > nowMs) {
        this.#arm(Math.ceil(dueMs - nowMs));
        return;
      }
      this.#due.delete(body);
      // Nobody listens once the sender is gone, and an error that nobody hears ends the process.
      if (!body.complete && body.listenerCount('error') > 0) body.emit('error', this.#late());
    }
  }
}
