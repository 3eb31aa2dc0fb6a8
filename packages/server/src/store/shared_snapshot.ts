/** A snapshot that many readers have, released when the last of them gives it back. */
import type { EngineSnapshot } from './engine.js';

export class SharedSnapshot {
  readonly snapshot: EngineSnapshot;
  /** Whoever opened it is the first. */
  #holders = 1;

  constructor(snapshot: EngineSnapshot) {
    this.snapshot = snapshot;
  }

  lend(): this {
    this.#holders += 1;
    return this;
  }

  giveBack(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.snapshot.release();
  }
}
