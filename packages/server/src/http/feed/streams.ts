/** All streams of the feed that are open: how many there may be, and how they end together. */
import type { Outcome } from '@stemedb/model';
import { fail, ok } from '@stemedb/model';
import type { FeedStream } from './stream.js';

export class FeedStreams {
  readonly #max: number;
  readonly #open = new Set<FeedStream>();
  #whenEmpty: (() => void) | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a place until the result is called. */
  enter(stream: FeedStream): Outcome<() => void> {
    if (this.#open.size >= this.#max) {
      const detail = `${this.#max} streams of the feed are open; try again later, or read pages.`;
      return fail({ code: 'overloaded', detail });
    }
    this.#open.add(stream);
    return ok(() => {
      this.#open.delete(stream);
      if (this.#open.size === 0) this.#whenEmpty?.();
    });
  }

  /** Every stream says its last words. */
  stop(): void {
    for (const stream of this.#open) stream.tell('stopping');
  }

  /** Resolves when the last one has left: what they read from may be closed then. */
  async ended(): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }
}
