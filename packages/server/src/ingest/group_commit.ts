/**
 * Group commit: units of records that arrive while one batch is being synced form the next one.
 * Nobody waits on a timer when the disk is idle (spec 4.2).
 *
 * Order of effects for every batch, never another: stamp, write, sync, apply to the store, answer.
 * Appends are serial; a batch may be applied while its successor is being synced, and units are
 * answered in log order. A unit whose records are all known already waits for the batches before
 * it, so that a `duplicate` is as durable and as visible as a `created`.
 *
 * Failure model: an error that the log survives (`disk_full`, `not_ready`) refuses the batch and
 * the next is tried. A dead log, a store that cannot apply what is already durable, or a broken
 * invariant ends writing for the life of the process: the log still has every record that was
 * acknowledged, and a restart applies what it holds.
 */
import type { HlcStamp, HybridClock, Outcome, RecordId, StemeError } from '@stemedb/model';
import { fail, ok } from '@stemedb/model';
import type { Log } from '../log/log.js';
import type { ApplicableRecord, Store } from '../store/store.js';
import { type FormedBatch, formBatch, type KnownRecord, placesFrom } from './batch.js';
import {
  CommitQueue,
  type GroupCommitLimits,
  groupCommitLimits,
  type Unit,
} from './commit_queue.js';
import type { CommittedPlace, PendingRecord } from './pending_record.js';

export interface GroupCommitMetrics {
  /** A batch became visible: how many records, and the seconds from forming to answering. */
  batchVisible(records: number, seconds: number): void;
}

interface AppendedBatch {
  readonly firstSequence: number;
  /** Resolves when the batch and all before it are in the store, or the store has failed. */
  readonly applied: Promise<void>;
}

const writerFailed = (cause: unknown): StemeError => ({
  code: 'log_failed',
  detail: 'The writer met a state that must not be; restart the node.',
  cause,
});

export class GroupCommit {
  readonly #log: Log;
  readonly #store: Store;
  readonly #clock: HybridClock;
  readonly #unappliedBatchesMax: number;
  readonly #metrics: GroupCommitMetrics | undefined;
  readonly #monotonicMs: () => number;
  readonly #turn: () => Promise<void>;
  readonly #onDurable: ((records: readonly ApplicableRecord[]) => void) | undefined;
  readonly #onApplied: ((records: readonly ApplicableRecord[]) => void) | undefined;
  readonly #onFailure: ((error: StemeError) => void) | undefined;
  readonly #staged = new Map<RecordId, KnownRecord>();
  /** Batches that are stamped and not yet visible or refused, with their oldest stamp. */
  readonly #inFlight = new Map<FormedBatch, HlcStamp>();
  readonly #queue: CommitQueue;
  #isClosing = false;
  #running = false;
  #finished: Promise<void> = Promise.resolve();
  /** Resolves when the newest formed batch has been answered. */
  #settled: Promise<void> = Promise.resolve();
  #applying: Promise<void> = Promise.resolve();
  #unapplied = 0;
  #dead: StemeError | undefined;
  #inDoubtFrom: HlcStamp | undefined;
  readonly #watchers = new Set<(record: PendingRecord) => void>();
  #visibleListeners: { readonly sequence: number; readonly wake: () => void }[] = [];

  constructor(collaborators: {
    readonly log: Log;
    readonly store: Store;
    readonly clock: HybridClock;
    readonly monotonicMs: () => number;
    /** Resolves after everything else that is ready has had its turn. */
    readonly turn: () => Promise<void>;
    readonly limits?: GroupCommitLimits;
    readonly metrics?: GroupCommitMetrics;
    /** Called with each batch when it is durable, before any of it is visible. */
    readonly onDurable?: (records: readonly ApplicableRecord[]) => void;
    /** Called with each batch when the store has it, before its units are answered. */
    readonly onApplied?: (records: readonly ApplicableRecord[]) => void;
    /** Called once when writing has ended for the life of the process. */
    readonly onFailure?: (error: StemeError) => void;
  }) {
    this.#log = collaborators.log;
    this.#store = collaborators.store;
    this.#clock = collaborators.clock;
    this.#monotonicMs = collaborators.monotonicMs;
    this.#turn = collaborators.turn;
    const limits = collaborators.limits ?? groupCommitLimits;
    this.#queue = new CommitQueue(limits);
    this.#unappliedBatchesMax = limits.unappliedBatchesMax;
    this.#metrics = collaborators.metrics;
    this.#onDurable = collaborators.onDurable;
    this.#onApplied = collaborators.onApplied;
    this.#onFailure = collaborators.onFailure;
  }

  /** Records waiting to be put into a batch. */
  get queueLength(): number {
    return this.#queue.records;
  }

  /** True while a caller with much to write should wait before it commits more. */
  get isBusy(): boolean {
    return this.#dead === undefined && this.#queue.isHalfFull;
  }

  /** True when nothing is on its way into the log or the store. */
  get isIdle(): boolean {
    return !this.#running && this.#unapplied === 0;
  }

  /** Why writing has ended, if it has. */
  get failure(): StemeError | undefined {
    return this.#dead;
  }

  /** The oldest stamp of what was refused when writing ended and may be there after a restart. */
  get inDoubtFrom(): HlcStamp | undefined {
    return this.#inDoubtFrom;
  }

  /**
   * Commits the records of one unit together; resolves with one place for each when they are
   * durable and visible. Refuses with `overloaded`, `disk_full`, `not_ready` or `log_failed`.
   */
  commit(records: readonly PendingRecord[]): Promise<Outcome<readonly CommittedPlace[]>> {
    return new Promise((answer) => this.enqueue(records, answer));
  }

  /** The same for callers of many units, who wait for all of them: `answer` must not throw. */
  enqueue(records: readonly PendingRecord[], answer: Unit['answer']): void {
    if (this.#dead !== undefined) {
      answer(fail(this.#dead));
      return;
    }
    if (this.#isClosing) {
      const detail = 'This node is stopping; send the record again to one that runs.';
      answer(fail({ code: 'not_ready', detail }));
      return;
    }
    const refusal = this.#queue.push(records, answer);
    if (refusal !== undefined) {
      answer(fail(refusal));
      return;
    }
    for (const see of this.#watchers) for (const record of records) see(record);
    if (!this.#running) {
      this.#running = true;
      // What arrives in the same turn shares the batch, without waiting on a timer: of many
      // callers who were answered together the first would else have a sync to itself.
      this.#finished = this.#turn().then(() => this.#writeAll());
    }
  }

  /**
   * Tells of every record that was taken and is not visible yet, and then of each that is taken,
   * at once, until the returned function is called: whoever looks at a view of the store that was
   * opened meanwhile misses none. A record may be refused later, or be known already.
   */
  watch(see: (record: PendingRecord) => void): () => void {
    for (const { fresh } of this.#inFlight.keys()) for (const record of fresh) see(record);
    for (const record of this.#queue.waiting()) see(record);
    this.#watchers.add(see);
    return () => {
      this.#watchers.delete(see);
    };
  }

  /** Resolves when every batch that has been stamped so far is visible or was refused. */
  async settle(): Promise<void> {
    await this.#settled;
    // A batch that was refused is done at once; those before it may still be on their way.
    await this.#applying;
  }

  /** True while something stamped at or before this may still become visible. */
  isInFlight(upTo: HlcStamp): boolean {
    for (const oldest of this.#inFlight.values()) if (oldest <= upTo) return true;
    return false;
  }

  /** Takes nothing more and resolves when all that was taken has been answered. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#running) await this.#finished;
    await this.settle();
  }

  /** Resolves with true when `sequence` is visible; the caller stops waiting by `cancel`. */
  whenVisible(sequence: number): { readonly reached: Promise<void>; readonly cancel: () => void } {
    if (this.#store.appliedSequence >= sequence) {
      return { reached: Promise.resolve(), cancel: () => undefined };
    }
    let cancel = (): void => undefined;
    const reached = new Promise<void>((wake) => {
      const listener = { sequence, wake };
      this.#visibleListeners.push(listener);
      cancel = () => {
        this.#visibleListeners = this.#visibleListeners.filter((other) => other !== listener);
      };
    });
    return { reached, cancel };
  }

  async #writeAll(): Promise<void> {
    let taken: readonly Unit[] = [];
    try {
      while (!this.#queue.isEmpty) {
        if (this.#unapplied >= this.#unappliedBatchesMax) await this.#applying;
        const startedMs = this.#monotonicMs();
        taken = this.#queue.take();
        const known = (id: RecordId): KnownRecord | undefined =>
          this.#staged.get(id) ?? this.#store.place(id);
        const batch = formBatch(taken, known, this.#clock);
        // What a failure has to answer from here on; those that are refused are answered now.
        taken = batch.units.map(({ unit }) => unit);
        for (const { unit, error } of batch.refused) unit.answer(fail(error));
        const answered = this.#commitBatch(batch, startedMs);
        this.#settled = answered.done;
        await answered.appended;
      }
    } catch (cause) {
      // A broken invariant: nobody knows what would be written next, so nothing more is.
      this.#end(writerFailed(cause));
      const refusal = fail(this.#dead ?? writerFailed(cause));
      for (const unit of taken) unit.answer(refusal);
      while (!this.#queue.isEmpty) for (const unit of this.#queue.take()) unit.answer(refusal);
    } finally {
      this.#running = false;
    }
  }

  #commitBatch(
    batch: FormedBatch,
    startedMs: number,
  ): { readonly appended: Promise<void>; readonly done: Promise<void> } {
    // A merged record brings a stamp of its own, so the first is not always the oldest.
    let oldest: HlcStamp | undefined;
    for (const { stamp } of batch.fresh) if (oldest === undefined || stamp < oldest) oldest = stamp;
    if (oldest !== undefined) this.#inFlight.set(batch, oldest);
    const appended = this.#append(batch);
    const done = appended.then(async (outcome) => {
      if (!outcome.ok) {
        for (const { unit } of batch.units) unit.answer(outcome);
        return;
      }
      await outcome.value.applied;
      if (this.#dead !== undefined) {
        const refusal = fail(this.#dead);
        for (const { unit } of batch.units) unit.answer(refusal);
        return;
      }
      for (const { unit, places } of batch.units) {
        unit.answer(ok(placesFrom(places, outcome.value.firstSequence)));
      }
      this.#metrics?.batchVisible(batch.fresh.length, (this.#monotonicMs() - startedMs) / 1000);
    });
    // A rejection is handled where `appended` is awaited; `done` only waits.
    return {
      appended: appended.then(() => undefined),
      done: done.catch(() => undefined).finally(() => this.#inFlight.delete(batch)),
    };
  }

  /** Writes and syncs; chains the application to the store; gives the first sequence. */
  async #append(batch: FormedBatch): Promise<Outcome<AppendedBatch>> {
    if (this.#dead !== undefined) return fail(this.#dead);
    if (batch.fresh.length === 0) {
      return ok({ firstSequence: this.#log.lastSequence + 1, applied: this.#applying });
    }
    const appended = await this.#log.append(batch.fresh);
    if (!appended.ok) {
      if (this.#log.failure !== undefined) this.#end(appended.error);
      return appended;
    }
    const { firstSequence, offsets } = appended.value;
    const records = batch.fresh.map((record, index): ApplicableRecord => {
      const sequence = firstSequence + index;
      this.#staged.set(record.id, { sequence, stamp: record.stamp });
      const { id, kind, shard, proof, bytes, content, stamp } = record;
      const offset = offsets[index] ?? 0;
      return { id, kind, shard, proof, bytes, content, stamp, sequence, offset };
    });
    this.#onDurable?.(records);
    this.#unapplied += 1;
    this.#applying = this.#applying.then(() => this.#apply(records));
    return ok({ firstSequence, applied: this.#applying });
  }

  async #apply(records: readonly ApplicableRecord[]): Promise<void> {
    if (this.#dead !== undefined) return;
    try {
      await this.#store.apply(records);
    } catch (cause) {
      this.#end({
        code: 'log_failed',
        detail: 'The store cannot apply what the log holds; restart, and rebuild if it persists.',
        cause,
      });
      return;
    } finally {
      this.#unapplied -= 1;
    }
    for (const record of records) {
      if (this.#staged.get(record.id)?.sequence === record.sequence) this.#staged.delete(record.id);
    }
    try {
      this.#onApplied?.(records);
      this.#wakeVisible();
    } catch (cause) {
      // Whoever must be told was not; a rejection here would leave all later units without answer.
      this.#end(writerFailed(cause));
    }
  }

  #end(error: StemeError): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
    for (const oldest of this.#inFlight.values()) {
      if (this.#inDoubtFrom === undefined || oldest < this.#inDoubtFrom) this.#inDoubtFrom = oldest;
    }
    this.#onFailure?.(error);
  }

  #wakeVisible(): void {
    if (this.#visibleListeners.length === 0) return;
    const applied = this.#store.appliedSequence;
    const waiting = this.#visibleListeners;
    this.#visibleListeners = waiting.filter((listener) => listener.sequence > applied);
    for (const listener of waiting) if (listener.sequence <= applied) listener.wake();
  }
}
