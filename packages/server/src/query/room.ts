/**
 * Room in memory for what questions hold while they work. A question that finds too little waits in
 * line for as long as it has time; one that wants more than there is at all is let in alone.
 *
 * Invariants: what is taken is at most `max`, or what a single taker took; nobody overtakes in the
 * line; whoever waits holds nothing of the same room.
 */
import type { Pace } from './pace.js';

/** The question was not answered, because others hold the memory that it needs. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
}

interface Waiting {
  readonly units: number;
  readonly enter: () => void;
  isIn: boolean;
}

export class Room {
  readonly #max: number;
  readonly #lineMax: number;
  readonly #what: string;
  readonly #line: Waiting[] = [];
  #taken = 0;

  /** `what` stands in the sentence for those that are refused: "rows", "bytes of answers". */
  constructor(max: number, lineMax: number, what: string) {
    this.#max = max;
    this.#lineMax = lineMax;
    this.#what = what;
  }

  /** Takes so much, waiting for it when need be, until the result is called, once. Throws `NoRoom`
   * when the line is full or the time of the question ends in it. */
  async take(units: number, pace: Pace): Promise<() => void> {
    if (this.#line.length === 0 && this.#fits(units)) this.#taken += units;
    else await this.#wait(units, pace);
    return () => this.#giveBack(units);
  }

  async #wait(units: number, pace: Pace): Promise<void> {
    if (this.#line.length >= this.#lineMax) throw this.#refusal('too many others wait for room');
    let enter = (): void => undefined;
    const entered = new Promise<void>((resolve) => {
      enter = resolve;
    });
    const waiting: Waiting = { units, enter, isIn: false };
    this.#line.push(waiting);
    await pace.reaches(entered);
    if (waiting.isIn) return;
    this.#line.splice(this.#line.indexOf(waiting), 1);
    this.#letIn();
    throw this.#refusal('no room was free in its time');
  }

  #refusal(why: string): NoRoom {
    const detail = `Other questions hold ${this.#max} ${this.#what} and ${why}; ask again.`;
    return new NoRoom(detail);
  }

  #fits(units: number): boolean {
    return this.#taken === 0 || this.#taken + units <= this.#max;
  }

  #giveBack(units: number): void {
    this.#taken -= units;
    this.#letIn();
  }

  #letIn(): void {
    for (let first = this.#line[0]; first !== undefined; first = this.#line[0]) {
      if (!this.#fits(first.units)) return;
      this.#line.shift();
      this.#taken += first.units;
      first.isIn = true;
      first.enter();
    }
  }
}
