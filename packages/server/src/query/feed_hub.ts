/**
 * Wakes those who follow the log when more of it is visible, and keeps its end for them. Nobody
 * looks again and again: a commit wakes, and many commits in a short time wake once, so that
 * followers cost a writer a bounded number of readings a second however many they are.
 */
import type { Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Log } from '../log/log.js';
import type { Store } from '../store/store.js';
import { type ChunkOptions, readChunk } from './feed_chunk.js';
import type { FeedPlace } from './feed_cursor.js';
import type { FeedFilter } from './feed_entry.js';
import type { FeedLimits } from './feed_limits.js';
import { FeedTail, type TailPiece } from './feed_tail.js';
import type { Readings } from './readings.js';

/** Records that the end of the log may be behind what is visible; beyond, it begins anew there. */
const tailRecordsBehindMax = 16_384;

export interface FeedHubParts {
  readonly log: Pick<Log, 'iterate'>;
  readonly store: Pick<Store, 'appliedSequence' | 'appliedOffset'>;
  readonly readings: Readings;
  readonly clock: Clock;
  readonly limits: FeedLimits;
  /** Writes the cursor of those who see the whole database. */
  readonly cursorOf: ChunkOptions['cursorOf'];
}

interface Followed {
  readonly wake: () => void;
  readonly filter: FeedFilter;
}

export class FeedHub {
  readonly #parts: FeedHubParts;
  readonly #tail: FeedTail;
  readonly #followed = new Set<Followed>();
  #isDue = false;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #endWait = (): void => undefined;
  #wokenAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: FeedHubParts) {
    this.#parts = parts;
    this.#tail = new FeedTail(parts.limits.feedTailBytesMax, this.#visible());
  }

  /** Told after each batch that became visible. */
  noteVisible(): void {
    if (this.#isIdle) return;
    this.#isDue = true;
    this.#running ??= this.#run();
  }

  /** Wakes nobody and begins no reading from here on; resolves when none is open. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#followed.clear();
    this.#endWait();
    await this.#running;
  }

  /** Calls `wake` whenever more is visible, until the result is called. */
  follow(filter: FeedFilter, wake: () => void): () => void {
    if (this.#followed.size === 0) this.#tail.restart(this.#visible());
    const followed = { wake, filter };
    this.#followed.add(followed);
    return () => {
      this.#followed.delete(followed);
      if (this.#followed.size === 0) this.#tail.restart(this.#visible());
    };
  }

  /** What follows a place, from memory; undefined when the files have to be read. */
  kept(place: FeedPlace, filter: FeedFilter): TailPiece | undefined {
    const piece = this.#tail.after(place, this.#parts.limits.feedPieceBytesMax);
    if (piece === undefined || filter.prefix === undefined) return piece;
    return piece.entries.some(({ paths }) => paths === undefined) ? undefined : piece;
  }

  /** Nobody is there to be woken: nothing is read. */
  get #isIdle(): boolean {
    return this.#isClosed || this.#followed.size === 0;
  }

  #visible(): FeedPlace {
    const { appliedSequence: sequence, appliedOffset: offset } = this.#parts.store;
    return { sequence, offset };
  }

  async #run(): Promise<void> {
    while (this.#isDue) {
      await this.#wait();
      this.#isDue = false;
      // The last one left meanwhile; who comes now begins with what is visible.
      if (this.#isIdle) break;
      // Whoever meets damage in the files is told so when it reads them itself.
      const advanced = await this.#advance().catch(() => undefined);
      if (advanced?.ok !== true) this.#tail.restart(this.#visible());
      this.#wokenAtMs = this.#parts.clock.monotonicMs();
      for (const { wake } of this.#followed) wake();
    }
    this.#running = undefined;
  }

  /** Until it may wake again, or is closed. */
  async #wait(): Promise<void> {
    const { clock, limits } = this.#parts;
    const waitMs = this.#wokenAtMs + limits.feedWakeIntervalMs - clock.monotonicMs();
    if (waitMs <= 0 || this.#isClosed) return;
    await new Promise<void>((resolve) => {
      const cancel = clock.after(waitMs, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }

  async #advance(): Promise<Outcome<void>> {
    const { readings, log, cursorOf } = this.#parts;
    const behind = this.#visible().sequence - this.#tail.head.sequence;
    if (behind > tailRecordsBehindMax) this.#tail.restart(this.#visible());
    const paths = [...this.#followed].some(({ filter }) => filter.prefix !== undefined);
    return readings.read({}, async (reading) => {
      while (!this.#isClosed && this.#tail.head.sequence < reading.snapshot.appliedSequence) {
        const { head } = this.#tail;
        const chunk = await readChunk(log, reading, head, { cursorOf, paths });
        if (!chunk.ok) return chunk;
        // Begun anew meanwhile, because nobody followed any more.
        if (this.#tail.head !== head) return ok(undefined);
        this.#tail.add(chunk.value);
      }
      return ok(undefined);
    });
  }
}
