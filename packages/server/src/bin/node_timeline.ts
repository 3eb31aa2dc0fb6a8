/** What questions need of the writing side, over this node's clock and group commit. */
import type { HlcStamp, HybridClock } from '@stemedb/model';
import { endOfMs, stampMs } from '@stemedb/model';
import type { GroupCommit } from '../ingest/group_commit.js';
import type { Clock } from '../io/clock.js';
import type { Timeline } from '../query/timeline.js';
import type { Store } from '../store/store.js';

/** How long a question waits for its `min_position`, milliseconds (spec 4.2). */
const positionWaitMs = 2000;

export class NodeTimeline implements Timeline {
  readonly logId: string;
  readonly #clock: Clock;
  readonly #hybrid: HybridClock;
  readonly #commit: GroupCommit;
  readonly #store: Store;

  constructor(parts: {
    readonly logId: string;
    readonly clock: Clock;
    readonly hybrid: HybridClock;
    readonly commit: GroupCommit;
    readonly store: Store;
  }) {
    this.logId = parts.logId;
    this.#clock = parts.clock;
    this.#hybrid = parts.hybrid;
    this.#commit = parts.commit;
    this.#store = parts.store;
  }

  get visibleStamp(): HlcStamp {
    return this.#store.visibleStamp;
  }

  presentMs(): number {
    return Math.max(this.#clock.wallMs(), stampMs(this.#hybrid.latest()));
  }

  async passMoment(ms: number): Promise<void> {
    this.#hybrid.advancePast(ms);
    // What is stamped from now on lies after the moment, so only what was stamped up to it and is
    // still on its way is waited for: a question about the past does not hang on a slow disk.
    if (this.#commit.isInFlight(endOfMs(ms))) await this.#commit.settle();
  }

  isFinal(stamp: HlcStamp): boolean {
    const { inDoubtFrom } = this.#commit;
    return inDoubtFrom === undefined || stamp < inDoubtFrom;
  }

  async waitFor(sequence: number): Promise<boolean> {
    const waiting = this.#commit.whenVisible(sequence);
    let stopClock = (): void => undefined;
    const timeout = new Promise<boolean>((resolve) => {
      stopClock = this.#clock.after(positionWaitMs, () => resolve(false));
    });
    const reached = await Promise.race([waiting.reached.then(() => true), timeout]);
    stopClock();
    waiting.cancel();
    return reached;
  }
}
