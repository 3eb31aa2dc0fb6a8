/**
 * Turns of followers at the files, first come, first served. A turn begins when one of few places
 * is free and what earlier ones were given has been passed on far enough, so that neither the
 * threads of the platform nor the memory are taken by those who are behind.
 */
import { framePayloadBytesMax } from '../log/format.js';
import type { FeedLimits } from './feed_limits.js';

type TurnLimits = Pick<
  FeedLimits,
  'feedFileReadersMax' | 'feedUnsentBytesMax' | 'feedPieceBytesMax'
>;

export class FileTurns {
  readonly #limits: TurnLimits;
  readonly #line: (() => void)[] = [];
  #readers = 0;
  #unsentBytes = 0;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Reads in turn; `bytesOf` says how much of what was read will be held. */
  async take<T>(
    read: () => Promise<T>,
    bytesOf: (value: T) => number,
  ): Promise<{ readonly value: T; readonly release: () => void }> {
    if (!this.#isFree) await new Promise<void>((resolve) => this.#line.push(resolve));
    else this.#readers += 1;
    let bytes = 0;
    try {
      const value = await read();
      bytes = bytesOf(value);
      this.#unsentBytes += bytes;
      return { value, release: () => this.#release(bytes) };
    } finally {
      this.#readers -= 1;
      this.#letIn();
    }
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

  #release(bytes: number): void {
    this.#unsentBytes -= bytes;
    this.#letIn();
  }

  #letIn(): void {
    while (this.#line.length > 0 && this.#isFree) {
      this.#readers += 1;
      this.#line.shift()?.();
    }
  }
}
