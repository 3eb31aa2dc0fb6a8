/**
 * Turns of followers at the files, first come, first served. A turn begins when one of few places
 * is free and what earlier ones were given has been passed on far enough, so that neither the
 * threads of the platform nor the memory are taken by those who are behind.
 */
import type { FeedLimits } from './feed_limits.js';

export class FileTurns {
  readonly #limits: Pick<FeedLimits, 'feedFileReadersMax' | 'feedUnsentBytesMax'>;
  readonly #line: (() => void)[] = [];
  #readers = 0;
  #unsentBytes = 0;

  constructor(limits: Pick<FeedLimits, 'feedFileReadersMax' | 'feedUnsentBytesMax'>) {
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
    const { feedFileReadersMax, feedUnsentBytesMax } = this.#limits;
    return this.#readers < feedFileReadersMax && this.#unsentBytes < feedUnsentBytesMax;
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
