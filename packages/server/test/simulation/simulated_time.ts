/** Time that passes only as the scheduler lets it: a little with each step, or up to a timer. */
import type { SeededRandom } from './seeded_random.js';

/** Whose timer or effect it is: a crash takes the node's away, clients live on. */
export type Owner = 'node' | 'client';

interface Timer {
  readonly owner: Owner;
  readonly dueMs: number;
  readonly number: number;
  readonly run: () => void;
}

export class SimulatedTime {
  #monotonicMs = 0;
  #offsetMs: number;
  #count = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs: number) {
    this.#offsetMs = wallMs;
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  get wallMs(): number {
    return Math.floor(this.#offsetMs + this.#monotonicMs);
  }

  get monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Between two steps: mostly nothing that a clock of milliseconds shows. */
  pass(random: SeededRandom): void {
    if (random.chance(0.2)) this.#monotonicMs += random.fraction();
  }

  /** The wall clock is set; durations are not touched. */
  setWall(byMs: number): void {
    this.#offsetMs += byMs;
  }

  after(owner: Owner, delayMs: number, run: () => void): () => void {
    this.#count += 1;
    const dueMs = this.#monotonicMs + Math.max(0, delayMs);
    const timer = { owner, dueMs, number: this.#count, run };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** Lets time pass up to the first timer and runs it; gives how long that was, milliseconds. */
  fireNext(): number {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (first === undefined || timer.dueMs < first.dueMs) first = timer;
    }
    if (first === undefined) return 0;
    const passedMs = Math.max(0, first.dueMs - this.#monotonicMs);
    this.#monotonicMs += passedMs;
    this.#timers.delete(first);
    first.run();
    return passedMs;
  }

  /** The node is gone, and its timers with it. */
  dropNode(): void {
    for (const timer of this.#timers) if (timer.owner === 'node') this.#timers.delete(timer);
  }
}
