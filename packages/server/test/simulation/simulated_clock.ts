/** Time that stands still until a test moves it. Timers run in order of their moment. */
import type { Clock } from '../../src/io/clock.js';

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
}

export class SimulatedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(delayMs, 0), run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  turn(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Lets time pass; runs what falls due, then lets promises that it settled go on. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#monotonicMs + durationMs;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.dueMs <= endMs);
      const first = due.sort((a, b) => a.dueMs - b.dueMs)[0];
      if (!first) break;
      this.#moveTo(first.dueMs);
      this.#timers.delete(first);
      first.run();
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#moveTo(endMs);
    await new Promise((resolve) => setImmediate(resolve));
  }

  /** The wall clock is set, forwards or back; durations are not touched. */
  setWallMs(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  #moveTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
