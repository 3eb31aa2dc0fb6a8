/**
 * Store checkpoints: some time after a write the store and the tree are made durable and the log
 * marks how far it is, so that a start after a crash replays little and corruption is told from a
 * torn tail.
 */
import type { Clock } from '../io/clock.js';
import type { Log } from '../log/log.js';
import type { MerkleTree } from '../log/merkle/merkle_tree.js';
import type { Store } from '../store/store.js';

/** At most this much of the log is replayed after a crash, in milliseconds of writing. */
const checkpointIntervalMs = 10_000;

export class Checkpoints {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #store: Store;
  readonly #tree: MerkleTree;
  readonly #onFailure: (error: unknown) => void;
  #cancel: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    clock: Clock,
    files: { readonly log: Log; readonly store: Store; readonly tree: MerkleTree },
    onFailure: (error: unknown) => void,
  ) {
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#log = files.log;
    this.#store = files.store;
    this.#tree = files.tree;
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
    // The next start can make the tree anew; it must not stand in the way of an end in order.
    await this.#tree.flush().catch(this.#onFailure);
  }

  async #take(): Promise<void> {
    if (this.#stopped) return;
    try {
      await this.#store.checkpoint();
      await this.#tree.flush();
    } catch (error) {
      // Nothing is lost: the log has it all, a start would replay more. The next write tries again.
      this.#onFailure(error);
      return;
    }
    // A mark that cannot be written shows at the next write, which says so to a caller.
    if (!this.#stopped) await this.#log.mark();
  }
}
