/**
 * Group commit: units of records that arrive while one batch is being synced form the next one.
 * Nobody waits on a timer when the disk is idle (spec 4.2).
 *
 * Order of effects for every batch, never another: stamp, write, sync, apply to the store, answer.
 * Appends are serial; a batch may be applied while its successor is being synced, and units are
 * answered in log order. A unit whose records are all known already waits for the batches before
 * it, so that a `duplicate` is as durable and as visible as a `created`.
 *
 * Failure model: `disk_full` refuses the batch and the log goes on. `log_failed`, or a store that
 * cannot apply what is already durable, ends writing for the life of the process: the log still
 * has every record, and a restart applies it.
 */
import type {
  HlcStamp,
  HybridClock,
  Outcome,
  RecordContent,
  RecordId,
  StemeError,
} from '@stemedb/model';
import { fail, ok } from '@stemedb/model';
import type { AuthorProof, Log } from '../log/log.js';
import type { ApplicableRecord, Store } from '../store/store.js';

/** A checked record on its way into the log. */
export interface PendingRecord {
  readonly id: RecordId;
  /** As in the frame: the number of the kind. */
  readonly kind: number;
  readonly shard: number;
  readonly proof: AuthorProof;
  readonly bytes: Uint8Array;
  /** Undefined for a record of a kind or version that this release does not know. */
  readonly content: RecordContent | undefined;
  /** Present when the record brings its stamp along (merge); otherwise the writer stamps it. */
  readonly stamp?: HlcStamp;
}

export interface CommittedPlace {
  readonly status: 'created' | 'duplicate';
  readonly stamp: HlcStamp;
  readonly sequence: number;
}

/** Limits of the writer; each trades memory and latency of one batch against throughput. */
export interface GroupCommitLimits {
  /** Records in one batch: bounds the time that one sync and one store transaction take. */
  readonly batchRecordsMax: number;
  /** Canonical bytes in one batch. */
  readonly batchBytesMax: number;
  /** Records waiting; beyond it callers get `overloaded` and try again. */
  readonly queueRecordsMax: number;
  /** Batches that are synced but not yet applied. */
  readonly unappliedBatchesMax: number;
}

export const groupCommitLimits: GroupCommitLimits = {
  batchRecordsMax: 4096,
  batchBytesMax: 8 * 1024 * 1024,
  queueRecordsMax: 32_768,
  unappliedBatchesMax: 4,
};

export interface GroupCommitMetrics {
  /** A batch became visible: how many records, and the seconds from forming to answering. */
  batchVisible(records: number, seconds: number): void;
}

interface Unit {
  readonly records: readonly PendingRecord[];
  readonly answer: (outcome: Outcome<readonly CommittedPlace[]>) => void;
}

interface FormedUnit {
  readonly unit: Unit;
  readonly places: readonly ((firstSequence: number) => CommittedPlace)[];
}

interface FormedBatch {
  readonly units: readonly FormedUnit[];
  readonly fresh: readonly (PendingRecord & { readonly stamp: HlcStamp })[];
}

interface AppendedBatch {
  readonly firstSequence: number;
  /** Resolves when the batch and all before it are in the store, or the store has failed. */
  readonly applied: Promise<void>;
}

interface Staged {
  readonly sequence: number;
  readonly stamp: HlcStamp;
}

export class GroupCommit {
  readonly #log: Log;
  readonly #store: Store;
  readonly #clock: HybridClock;
  readonly #limits: GroupCommitLimits;
  readonly #metrics: GroupCommitMetrics | undefined;
  readonly #monotonicMs: () => number;
  readonly #onApplied: ((records: readonly ApplicableRecord[]) => void) | undefined;
  readonly #onFailure: ((error: StemeError) => void) | undefined;
  readonly #staged = new Map<RecordId, Staged>();
  #queue: Unit[] = [];
  #queuedRecords = 0;
  #running = false;
  /** Resolves when the newest formed batch has been answered. */
  #settled: Promise<void> = Promise.resolve();
  #applying: Promise<void> = Promise.resolve();
  #unapplied = 0;
  #dead: StemeError | undefined;
  #visibleListeners: { readonly sequence: number; readonly wake: () => void }[] = [];

  constructor(collaborators: {
    readonly log: Log;
    readonly store: Store;
    readonly clock: HybridClock;
    readonly monotonicMs: () => number;
    readonly limits?: GroupCommitLimits;
    readonly metrics?: GroupCommitMetrics;
    /** Called with each batch when the store has it, before its units are answered. */
    readonly onApplied?: (records: readonly ApplicableRecord[]) => void;
    /** Called once when writing has ended for the life of the process. */
    readonly onFailure?: (error: StemeError) => void;
  }) {
    this.#log = collaborators.log;
    this.#store = collaborators.store;
    this.#clock = collaborators.clock;
    this.#monotonicMs = collaborators.monotonicMs;
    this.#limits = collaborators.limits ?? groupCommitLimits;
    this.#metrics = collaborators.metrics;
    this.#onApplied = collaborators.onApplied;
    this.#onFailure = collaborators.onFailure;
  }

  /** Records waiting to be put into a batch. */
  get queueLength(): number {
    return this.#queuedRecords;
  }

  /** Why writing has ended, if it has. */
  get failure(): StemeError | undefined {
    return this.#dead;
  }

  /**
   * Commits the records of one unit together; resolves with one place for each when they are
   * durable and visible. Refuses with `overloaded`, `disk_full` or `log_failed`.
   */
  commit(records: readonly PendingRecord[]): Promise<Outcome<readonly CommittedPlace[]>> {
    if (this.#dead !== undefined) return Promise.resolve(fail(this.#dead));
    if (this.#queuedRecords + records.length > this.#limits.queueRecordsMax) {
      return Promise.resolve(
        fail({
          code: 'overloaded',
          detail:
            `More than ${this.#limits.queueRecordsMax} records wait to be written; ` +
            'send this one again in a moment.',
        }),
      );
    }
    return new Promise((answer) => {
      this.#queue.push({ records, answer });
      this.#queuedRecords += records.length;
      if (!this.#running) {
        this.#running = true;
        // A microtask lets calls of the same turn share the batch without waiting on a timer.
        queueMicrotask(() => void this.#run());
      }
    });
  }

  /** Resolves when every batch that has been stamped so far is visible. */
  settle(): Promise<void> {
    return this.#settled;
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

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#unapplied >= this.#limits.unappliedBatchesMax) await this.#applying;
      const startedMs = this.#monotonicMs();
      const batch = this.#form(this.#take());
      const answered = this.#commitBatch(batch, startedMs);
      this.#settled = answered.done;
      await answered.appended;
    }
    this.#running = false;
  }

  #take(): readonly Unit[] {
    let records = 0;
    let bytes = 0;
    let count = 0;
    for (const unit of this.#queue) {
      const unitBytes = unit.records.reduce((sum, record) => sum + record.bytes.length, 0);
      const over =
        records + unit.records.length > this.#limits.batchRecordsMax ||
        bytes + unitBytes > this.#limits.batchBytesMax;
      if (count > 0 && over) break;
      records += unit.records.length;
      bytes += unitBytes;
      count += 1;
    }
    const taken = this.#queue.slice(0, count);
    this.#queue = this.#queue.slice(count);
    this.#queuedRecords -= records;
    return taken;
  }

  /** Decides for every record whether it is new, and stamps those that are. */
  #form(units: readonly Unit[]): FormedBatch {
    const fresh: (PendingRecord & { readonly stamp: HlcStamp })[] = [];
    const here = new Map<RecordId, { readonly index: number; readonly stamp: HlcStamp }>();
    const placeFor = (record: PendingRecord): ((firstSequence: number) => CommittedPlace) => {
      const twin = here.get(record.id);
      const known = this.#staged.get(record.id) ?? this.#store.place(record.id);
      const knownStamp = twin?.stamp ?? known?.stamp;
      const lowers =
        knownStamp !== undefined && record.stamp !== undefined && record.stamp < knownStamp;
      if (knownStamp !== undefined && !lowers) {
        const status = 'duplicate';
        if (twin !== undefined) {
          return (first) => ({ status, stamp: twin.stamp, sequence: first + twin.index });
        }
        return () => ({ status, stamp: knownStamp, sequence: known?.sequence ?? 0 });
      }
      const stamp = record.stamp ?? this.#clock.next();
      if (record.stamp !== undefined) this.#clock.observe(record.stamp);
      const index = fresh.length;
      fresh.push({ ...record, stamp });
      here.set(record.id, { index, stamp });
      const status = lowers ? 'duplicate' : 'created';
      return (first) => ({ status, stamp, sequence: first + index });
    };
    return {
      units: units.map((unit) => ({ unit, places: unit.records.map(placeFor) })),
      fresh,
    };
  }

  #commitBatch(
    batch: FormedBatch,
    startedMs: number,
  ): { readonly appended: Promise<void>; readonly done: Promise<void> } {
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
        unit.answer(ok(places.map((place) => place(outcome.value.firstSequence))));
      }
      this.#metrics?.batchVisible(batch.fresh.length, (this.#monotonicMs() - startedMs) / 1000);
    });
    return { appended: appended.then(() => undefined), done };
  }

  /** Writes and syncs; chains the application to the store; gives the first sequence. */
  async #append(batch: FormedBatch): Promise<Outcome<AppendedBatch>> {
    if (this.#dead !== undefined) return fail(this.#dead);
    if (batch.fresh.length === 0) {
      return ok({ firstSequence: this.#log.lastSequence + 1, applied: this.#applying });
    }
    const appended = await this.#log.append(batch.fresh);
    if (!appended.ok) {
      if (appended.error.code !== 'disk_full') this.#end(appended.error);
      return appended;
    }
    const { firstSequence, offsets } = appended.value;
    const records = batch.fresh.map((record, index): ApplicableRecord => {
      const sequence = firstSequence + index;
      this.#staged.set(record.id, { sequence, stamp: record.stamp });
      return { ...record, sequence, offset: offsets[index] ?? 0 };
    });
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
    this.#onApplied?.(records);
    this.#wakeVisible();
  }

  #end(error: StemeError): void {
    if (this.#dead !== undefined) return;
    this.#dead = error;
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
