/**
 * When a lens gives way. Limits count work, not time, so every node steps alike (spec 6): one
 * unit is a candidate visited, an element merged by a sort, or an edge followed by a search.
 */
import { rowsPerStep } from './lens.js';

export class Pace {
  #left = rowsPerStep;

  /** Counts work; true when the caller must yield now. */
  due(work = 1): boolean {
    this.#left -= work;
    if (this.#left > 0) return false;
    this.#left = rowsPerStep;
    return true;
  }
}
