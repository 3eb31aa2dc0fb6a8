/**
 * Asks for a mark once the log has been idle for 100 ms, so that the last records are shown to be
 * durable by something that stands after them: to the next start, and to whoever copies the files.
 * A mark that could not be written, as on a full disk, is asked for again. One timer at most, never
 * one per append.
 */
import type { Clock } from '../io/clock.js';

const idleMs = 100;
/** Pause after a mark that could not be written. */
const retryMs = 1_000;

export class IdleMarker {
  readonly #clock: Clock;
  readonly #mark: () => Promise<boolean>;
  #appendedMs = 0;
  #cancel: (() => void) | undefined;
  #isStopped = false;

  /** `mark` resolves with false when there is none yet and another try may do better. */
  constructor(clock: Clock, mark: () => Promise<boolean>) {
    this.#clock = clock;
    this.#mark = mark;
  }

  /** Something was appended at `nowMs` of the monotonic clock. */
  appended(nowMs: number): void {
    this.#appendedMs = nowMs;
    if (this.#cancel === undefined && !this.#isStopped) this.#arm(idleMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => this.#fire());
  }

  #fire(): void {
    this.#cancel = undefined;
    if (this.#isStopped) return;
    const leftMs = Math.ceil(this.#appendedMs + idleMs - this.#clock.monotonicMs());
    if (leftMs > 0) this.#arm(leftMs);
    else void this.#askFor();
  }

  async #askFor(): Promise<void> {
    const isMarked = await this.#mark();
    if (!isMarked && this.#cancel === undefined && !this.#isStopped) this.#arm(retryMs);
  }
}
