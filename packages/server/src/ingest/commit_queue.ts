/** The bounded queue in front of the writer: units wait here until they are put into a batch. */
import type { Outcome, StemeError } from '@stemedb/model';
import type { CommittedPlace, PendingRecord } from './pending_record.js';

/** Records that are committed together, and who waits for them. */
export interface Unit {
  readonly records: readonly PendingRecord[];
  /** Canonical bytes of all of them. */
  readonly bytes: number;
  readonly answer: (outcome: Outcome<readonly CommittedPlace[]>) => void;
}

/** Limits of the writer; each trades memory and latency of one batch against throughput. */
export interface GroupCommitLimits {
  /** Records in one batch: bounds the time that one sync and one store transaction take. */
  readonly batchRecordsMax: number;
  /** Canonical bytes in one batch. */
  readonly batchBytesMax: number;
  /** Records waiting; beyond it callers get `overloaded` and try again. */
  readonly queueRecordsMax: number;
  /** Canonical bytes waiting: bounds the memory that the queue holds. */
  readonly queueBytesMax: number;
  /** Batches that are synced but not yet applied. */
  readonly unappliedBatchesMax: number;
}

export const groupCommitLimits: GroupCommitLimits = {
  batchRecordsMax: 4096,
  batchBytesMax: 8 * 1024 * 1024,
  queueRecordsMax: 32_768,
  queueBytesMax: 64 * 1024 * 1024,
  unappliedBatchesMax: 4,
};

const bytesOf = (records: readonly PendingRecord[]): number => {
  let bytes = 0;
  for (const record of records) bytes += record.bytes.length;
  return bytes;
};

export class CommitQueue {
  readonly #limits: GroupCommitLimits;
  #units: Unit[] = [];
  #records = 0;
  #bytes = 0;

  constructor(limits: GroupCommitLimits) {
    this.#limits = limits;
  }

  get records(): number {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#units.length === 0;
  }

  /** True while a caller with much to write should wait before it adds more. */
  get isHalfFull(): boolean {
    const { queueRecordsMax, queueBytesMax } = this.#limits;
    return this.#records * 2 > queueRecordsMax || this.#bytes * 2 > queueBytesMax;
  }

  /** Everything that waits, in the order in which it will be written. */
  *waiting(): Generator<PendingRecord, void, void> {
    for (const unit of this.#units) yield* unit.records;
  }

  /** Takes a unit in; `overloaded` when it does not fit. */
  push(records: readonly PendingRecord[], answer: Unit['answer']): StemeError | undefined {
    const { queueRecordsMax, queueBytesMax } = this.#limits;
    const bytes = bytesOf(records);
    const isFull =
      this.#records + records.length > queueRecordsMax || this.#bytes + bytes > queueBytesMax;
    // An empty queue takes any unit: waiting would not make it smaller.
    if (isFull && !this.isEmpty) {
      return {
        code: 'overloaded',
        detail:
          `${this.#records} records wait to be written, and this would be more than the queue ` +
          'holds; send it again in a moment.',
      };
    }
    this.#units.push({ records, bytes, answer });
    this.#records += records.length;
    this.#bytes += bytes;
    return undefined;
  }

  /** The units of the next batch, in order; at least one when there is any. */
  take(): readonly Unit[] {
    let records = 0;
    let bytes = 0;
    let count = 0;
    for (const unit of this.#units) {
      const over =
        records + unit.records.length > this.#limits.batchRecordsMax ||
        bytes + unit.bytes > this.#limits.batchBytesMax;
      if (count > 0 && over) break;
      records += unit.records.length;
      bytes += unit.bytes;
      count += 1;
    }
    const taken = this.#units.slice(0, count);
    this.#units = this.#units.slice(count);
    this.#records -= records;
    this.#bytes -= bytes;
    return taken;
  }
}
