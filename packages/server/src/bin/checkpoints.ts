/**
 * Store checkpoints: some time after a write the store is made durable and the log marks how far it
 * is, so that a start after a crash replays little and corruption is told from a torn tail.
 */
import type { Clock } from '../io/clock.js';
import type { Log } from '../log/log.js';
import type { Store } from '../store/store.js';

/** At most this much of the log is replayed after a crash, in milliseconds of writing. */
const checkpointIntervalMs = 10_000;

export class Checkpoints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: Store;
  readonly #onFailure: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(clock: Clock, log: Log, store: Store, onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#log = log;
    this.#store = store;
  }

  /** Sees to it that a checkpoint follows. */
  noteWrite(): void {
    if (this.#cancel !== undefined || this.#stopped) return;
    this.#cancel = this.#clock.after(checkpointIntervalMs, () => {
      this.#cancel = undefined;
      this.#running = this.#take();
    });
  }

  /** No checkpoint after this one. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#running;
    await this.#store.checkpoint();
  }

  async #take(): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#store.checkpoint();
    } catch (error) {
      // Nothing is lost: the log has it all, a start would replay more. The next write tries again.
      this.#onFailure(error);
      return;
    }
    // A mark that cannot be written shows at the next write, which says so to a caller.
    if (!this.#stopped) await this.#log.mark();
  }
}
