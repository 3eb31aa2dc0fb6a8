/**
 * Signature checks on another thread, in batches: what comes while two batches are there makes the
 * next one. Verifying costs more than all else that a signed write needs, and this thread has all
 * of that to do.
 *
 * Failure model: a thread that ends, answers with something else than verdicts, or answers nothing
 * for `answerMsMax` is given up for the life of the process. What it owed is verified here, as is
 * all that comes later. Nothing is ever taken as verified because an answer is missing.
 */
import type { Ed25519Verify, SignatureCheck } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { StartThread, Thread } from '../io/thread.js';
import { isVerdict, isVerdictValid, packChecks } from './packed_checks.js';

/** Checks of one batch: some 2.5 ms of work, and the cost of a message is nothing beside it. */
const batchChecksMax = 64;
/** Batches that are with the thread: one that it works on, one that it goes on with. */
const batchesSentMax = 2;
/** Checks that wait or are with the thread; beyond it they are made here, which slows callers. */
const checksHeldMax = 8192;
/** A thread that answers nothing for so long will not answer. */
const answerMsMax = 30_000;

/** Where signatures are verified when it need not be at once. */
export interface SignatureChecks {
  /** True while checks wait or are being made elsewhere. */
  readonly isBusy: boolean;
  /** One verdict for each, in order; undefined when they had better be made by the caller. */
  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> | undefined;
  close(): Promise<void>;
}

interface Waiting {
  readonly checks: readonly SignatureCheck[];
  readonly verdicts: boolean[];
  readonly answer: (verdicts: readonly boolean[]) => void;
}

/** One check of those that somebody waits for. */
interface Single {
  readonly check: SignatureCheck;
  readonly of: Waiting;
}

export class ThreadedChecks implements SignatureChecks {
  readonly #clock: Clock;
  readonly #here: Ed25519Verify;
  readonly #onFailure: (cause: unknown) => void;
  readonly #thread: Thread;
  /** Not sent yet. */
  #queue: Single[] = [];
  /** Sent and not answered, oldest first. */
  readonly #sent: (readonly Single[])[] = [];
  #held = 0;
  #state: 'starting' | 'ready' | 'ended' = 'starting';
  #isGathering = false;
  #isWatched = false;
  #answers = 0;

  constructor(parts: {
    readonly start: StartThread;
    readonly clock: Clock;
    /** Verifies on this thread. */
    readonly here: Ed25519Verify;
    /** Told once when the thread is given up. */
    readonly onFailure: (cause: unknown) => void;
  }) {
    this.#clock = parts.clock;
    this.#here = parts.here;
    this.#onFailure = parts.onFailure;
    this.#thread = parts.start({
      ready: () => {
        if (this.#state === 'starting') this.#state = 'ready';
      },
      answered: (verdicts) => this.#answered(verdicts),
      failed: (cause) => this.#giveUp(cause),
    });
  }

  get isBusy(): boolean {
    return this.#held > 0;
  }

  verify(checks: readonly SignatureCheck[]): Promise<readonly boolean[]> | undefined {
    if (this.#state !== 'ready' || this.#held + checks.length > checksHeldMax) return undefined;
    this.#held += checks.length;
    return new Promise((answer) => {
      const waiting: Waiting = { checks, verdicts: [], answer };
      for (const check of checks) this.#queue.push({ check, of: waiting });
      this.#gather();
    });
  }

  async close(): Promise<void> {
    this.#finishHere();
    await this.#thread.end();
  }

  /** Sends at the end of the turn, so that what arrives in one is sent together. */
  #gather(): void {
    if (this.#isGathering || this.#sent.length >= batchesSentMax) return;
    this.#isGathering = true;
    void this.#clock.turn().then(() => {
      this.#isGathering = false;
      this.#send();
    });
  }

  #send(): void {
    while (this.#queue.length > 0 && this.#sent.length < batchesSentMax) {
      const batch = this.#queue.slice(0, batchChecksMax);
      this.#queue = this.#queue.slice(batch.length);
      this.#sent.push(batch);
      this.#thread.send(packChecks(batch.map(({ check }) => check)));
    }
    if (this.#sent.length > 0 && !this.#isWatched) this.#watch();
  }

  #answered(verdicts: Uint8Array): void {
    if (this.#state !== 'ready') return;
    const batch = this.#sent[0];
    if (batch === undefined || verdicts.length !== batch.length || !verdicts.every(isVerdict)) {
      this.#giveUp(new Error('the thread answered with what are no verdicts on what it was sent'));
      return;
    }
    this.#sent.shift();
    this.#answers += 1;
    for (const [index, single] of batch.entries()) {
      this.#settle(single, isVerdictValid(verdicts[index]));
    }
    this.#send();
  }

  /** The verdicts on the checks of one caller come in their order. */
  #settle({ of }: Single, isValid: boolean): void {
    this.#held -= 1;
    of.verdicts.push(isValid);
    if (of.verdicts.length === of.checks.length) of.answer(of.verdicts);
  }

  /** One timer while anything is sent: has anything been answered since it was set? */
  #watch(): void {
    this.#isWatched = true;
    const before = this.#answers;
    this.#clock.after(answerMsMax, () => {
      this.#isWatched = false;
      if (this.#state === 'ended' || this.#sent.length === 0) return;
      if (this.#answers === before) this.#giveUp(new Error('the thread has not answered'));
      else this.#watch();
    });
  }

  #giveUp(cause: unknown): void {
    if (this.#state === 'ended') return;
    this.#onFailure(cause);
    this.#finishHere();
    void this.#thread.end();
  }

  #finishHere(): void {
    this.#state = 'ended';
    const owed = [...this.#sent.flat(), ...this.#queue];
    this.#sent.length = 0;
    this.#queue = [];
    for (const single of owed) {
      const { signature, message, publicKey } = single.check;
      this.#settle(single, this.#here(signature, message, publicKey));
    }
  }
}
