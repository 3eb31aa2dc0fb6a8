/** A wall clock that stands still until a test moves it; timers follow real time. */
import type { Clock } from '../../src/io/clock.js';

export class TestClock implements Clock {
  #wallMs: number;

  constructor(startMs: number) {
    this.#wallMs = startMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Moves the wall clock; a negative step sets it back. */
  advance(stepMs: number): void {
    this.#wallMs += stepMs;
  }
}
