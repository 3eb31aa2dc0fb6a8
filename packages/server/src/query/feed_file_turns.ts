/**
 * Turns of followers at the files. A turn begins when one of few places is free and what earlier
 * ones were given has been passed on far enough, so that neither the threads of the platform nor
 * the memory are taken by those who are behind. Those who passed on what they were given and those
 * who have yet to show it wait in a line each, which are let in by turns: however many newcomers
 * take nothing, they do not hold up one who does.
 */
import { framePayloadBytesMax } from '../log/format.js';
import type { FeedLimits } from './feed_limits.js';

type TurnLimits = Pick<
  FeedLimits,
  'feedFileReadersMax' | 'feedUnsentBytesMax' | 'feedPieceBytesMax'
>;

/** Who takes turns, one at a time. */
export interface TurnTaker {
  /** Whether it has passed on what it was given before. */
  hasPassedOn: boolean;
}

interface Waiting {
  readonly taker: TurnTaker;
  readonly enter: (isLetIn: boolean) => void;
}

export class FileTurns {
  readonly #limits: TurnLimits;
  readonly #proven: Waiting[] = [];
  readonly #newcomers: Waiting[] = [];
  #isTurnOfNewcomers = false;
  #readers = 0;
  #unsentBytes = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Whether somebody waits until others pass on what they were given. */
  get isWanting(): boolean {
    return this.#isWaitedFor && !this.#hasRoomBeside(0);
  }

  /** Reads in turn; `bytesOf` says how much of what was read will be held. Undefined: it left. */
  async take<T>(
    taker: TurnTaker,
    read: () => Promise<T>,
    bytesOf: (value: T) => number,
  ): Promise<{ readonly value: T; readonly release: () => void } | undefined> {
    if (this.#isFree) this.#readers += 1;
    else if (!(await this.#letInLater(taker))) return undefined;
    let bytes = 0;
    try {
      const value = await read();
      bytes = bytesOf(value);
      this.#unsentBytes += bytes;
      return { value, release: () => this.#release(taker, bytes) };
    } finally {
      this.#readers -= 1;
      this.#letIn();
    }
  }

  /** It waits no longer. */
  leave(taker: TurnTaker): void {
    for (const line of [this.#proven, this.#newcomers]) {
      const at = line.findIndex((waiting) => waiting.taker === taker);
      if (at >= 0) for (const { enter } of line.splice(at, 1)) enter(false);
    }
  }

  #letInLater(taker: TurnTaker): Promise<boolean> {
    const line = taker.hasPassedOn ? this.#proven : this.#newcomers;
    return new Promise((enter) => line.push({ taker, enter }));
  }

  get #isWaitedFor(): boolean {
    return this.#proven.length + this.#newcomers.length > 0;
  }

  get #isFree(): boolean {
    return this.#readers < this.#limits.feedFileReadersMax && this.#hasRoomBeside(this.#readers);
  }

  /** Room for a piece of the largest size beside so many that are being read. */
  #hasRoomBeside(readers: number): boolean {
    const { feedPieceBytesMax, feedUnsentBytesMax } = this.#limits;
    const readBytes = (readers + 1) * (framePayloadBytesMax + feedPieceBytesMax);
    return this.#unsentBytes + readBytes <= feedUnsentBytesMax;
  }

  #release(taker: TurnTaker, bytes: number): void {
    taker.hasPassedOn = true;
    this.#unsentBytes -= bytes;
    this.#letIn();
  }

  #letIn(): void {
    while (this.#isWaitedFor && this.#isFree) {
      this.#readers += 1;
      const lines = [this.#proven, this.#newcomers];
      if (this.#isTurnOfNewcomers) lines.reverse();
      this.#isTurnOfNewcomers = !this.#isTurnOfNewcomers;
      lines
        .find((line) => line.length > 0)
        ?.shift()
        ?.enter(true);
    }
  }
}
