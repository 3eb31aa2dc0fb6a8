/**
 * Brings a store up to its log: at every start, and from nothing when the store was deleted. The
 * log is read from the last record applied, which is checked to be the very record that the store
 * knows at that place: a store is never continued on another log.
 *
 * Failure model: what the log cannot read stops the replay with `log_corrupt`, what the store
 * cannot read of its own with `store_corrupt`; what was applied before stays applied, and the
 * next replay goes on there.
 */
import { decodeStored, fail, kindOfNumber, type Outcome, ok, recordIdOf } from '@stemedb/model';
import { LogCorruptError } from '../log/failure.js';
import type { Log, LogRecord } from '../log/log.js';
import { StoreCorruption } from './corruption.js';
import type { ApplicableRecord, Store } from './store.js';

/** Records in one transaction: enough to share its cost, few enough to bound its memory. */
const replayBatchRecordsMax = 4096;

export interface ReplayProgress {
  readonly appliedSequence: number;
  readonly lastSequence: number;
}

/** Applies what the log has and the store has not; resolves to how many records that were. */
export async function replay(
  log: Log,
  store: Store,
  onProgress: (progress: ReplayProgress) => void = () => {},
): Promise<Outcome<number>> {
  const from = store.appliedSequence;
  if (from > log.lastSequence) {
    return fail({
      // Nothing is applied before it is durable in the log: it is the log that has lost something.
      code: 'log_corrupt',
      detail: `The log ends at ${log.lastSequence}, but ${from} was durable: records are lost.`,
    });
  }
  const start = from === 0 ? { sequence: 1 } : { sequence: from, offset: store.appliedOffset };
  let batch: ApplicableRecord[] = [];
  const applyBatch = async (): Promise<void> => {
    await store.apply(batch);
    batch = [];
    onProgress({ appliedSequence: store.appliedSequence, lastSequence: log.lastSequence });
  };
  try {
    for await (const chunk of log.iterate(start)) {
      for (const stored of chunk) {
        const record = applicable(stored);
        if (record.sequence > from) batch.push(record);
        else if (store.place(record.id) === undefined) return foreign(record);
        if (batch.length >= replayBatchRecordsMax) await applyBatch();
      }
    }
    if (batch.length > 0) await applyBatch();
  } catch (error) {
    if (error instanceof LogCorruptError) return fail(error.error);
    if (!(error instanceof StoreCorruption)) throw error;
    return fail({ code: 'store_corrupt', detail: error.message, cause: error });
  }
  return ok(store.appliedSequence - from);
}

/** A record of the log with its id derived again and its content parsed. */
export function applicable(record: LogRecord): ApplicableRecord {
  return { ...record, id: recordIdOf(record.bytes), content: contentOf(record) };
}

function contentOf(record: LogRecord): ApplicableRecord['content'] {
  const kind = kindOfNumber(record.kind);
  if (kind === undefined) return undefined;
  const content = decodeStored(record.bytes);
  return content.kind === kind && content.v === 1 ? content : undefined;
}

function foreign(record: ApplicableRecord): Outcome<never> {
  return fail({
    code: 'store_corrupt',
    detail: `The store does not know record ${record.sequence} of this log: rebuild it.`,
  });
}
