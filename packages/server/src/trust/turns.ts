/** The turns that long work about claims leaves to others. */

/** Work between two turns: as much as looking at so many claims that are in memory. */
const workPerTurn = 4096;

/** Work that reading one record back from the log is, besides looking at it. */
export const workPerRecord = 16;

/** Counts the work of one question. `isDue` counts and is no promise, so that a loop over rows
 * waits only where others have their turn. */
export class Turns {
  readonly #turn: () => Promise<void>;
  #left = workPerTurn;

  constructor(turn: () => Promise<void>) {
    this.#turn = turn;
  }

  /** Counts work; true when `give` is to be awaited. */
  isDue(work = 1): boolean {
    this.#left -= work;
    return this.#left <= 0;
  }

  give(): Promise<void> {
    this.#left = workPerTurn;
    return this.#turn();
  }
}
