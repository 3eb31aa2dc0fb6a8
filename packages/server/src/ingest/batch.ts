/**
 * Forming a batch: every record of the units is found to be new or known, and what is new gets its
 * stamp, in log order. Nothing has been written yet when this returns.
 */
import type { HlcStamp, HybridClock, RecordId, StemeError } from '@stemedb/model';
import { StoreCorruption } from '../store/corruption.js';
import type { Unit } from './commit_queue.js';
import type { CommittedPlace, PendingRecord } from './pending_record.js';

type StampedRecord = PendingRecord & { readonly stamp: HlcStamp };

/** A place that counts from the beginning of the batch while `isHere`, else of the log. */
interface FormedPlace extends CommittedPlace {
  readonly isHere: boolean;
}

/** The places of a unit, once the first sequence of the batch is known. */
export const placesFrom = (
  places: readonly FormedPlace[],
  firstSequence: number,
): readonly CommittedPlace[] =>
  places.map(({ status, stamp, sequence, isHere }) => ({
    status,
    stamp,
    sequence: isHere ? firstSequence + sequence : sequence,
  }));

interface FormedUnit {
  readonly unit: Unit;
  readonly places: readonly FormedPlace[];
}

export interface FormedBatch {
  readonly units: readonly FormedUnit[];
  readonly fresh: readonly StampedRecord[];
}

export interface KnownRecord {
  readonly sequence: number;
  readonly stamp: HlcStamp;
}

interface Here {
  readonly index: number;
  readonly stamp: HlcStamp;
}

class BatchForming {
  readonly #known: (id: RecordId) => KnownRecord | undefined;
  readonly #clock: HybridClock;
  readonly #here = new Map<RecordId, Here>();
  readonly fresh: StampedRecord[] = [];

  constructor(known: (id: RecordId) => KnownRecord | undefined, clock: HybridClock) {
    this.#known = known;
    this.#clock = clock;
  }

  /** The places of a unit's records; all look-ups are made before anything is stamped. */
  unit(records: readonly PendingRecord[]): readonly FormedPlace[] {
    const known = records.map((record) => this.#known(record.id));
    return records.map((record, at) => this.#place(record, known[at]));
  }

  #place(record: PendingRecord, known: KnownRecord | undefined): FormedPlace {
    const twin = this.#here.get(record.id);
    const knownStamp = twin?.stamp ?? known?.stamp;
    // Where two stamps meet for one id the smaller counts, so it is logged beside the other.
    const isLower =
      knownStamp !== undefined && record.stamp !== undefined && record.stamp < knownStamp;
    if (knownStamp !== undefined && !isLower) {
      const status = 'duplicate';
      if (twin === undefined) {
        return { status, stamp: knownStamp, sequence: known?.sequence ?? 0, isHere: false };
      }
      return { status, stamp: twin.stamp, sequence: twin.index, isHere: true };
    }
    if (record.stamp !== undefined) this.#clock.observe(record.stamp);
    const stamp = record.stamp ?? this.#clock.next();
    const index = this.fresh.length;
    const { id, kind, shard, proof, bytes, content } = record;
    this.fresh.push({ id, kind, shard, proof, bytes, content, stamp });
    this.#here.set(record.id, { index, stamp });
    const status = isLower ? 'duplicate' : 'created';
    return { status, stamp, sequence: index, isHere: true };
  }
}

/** Forms a batch; a unit whose look-ups meet a damaged entry is refused alone. */
export const formBatch = (
  units: readonly Unit[],
  known: (id: RecordId) => KnownRecord | undefined,
  clock: HybridClock,
): FormedBatch & { readonly refused: readonly { unit: Unit; error: StemeError }[] } => {
  const forming = new BatchForming(known, clock);
  const formed: FormedUnit[] = [];
  const refused: { unit: Unit; error: StemeError }[] = [];
  for (const unit of units) {
    try {
      formed.push({ unit, places: forming.unit(unit.records) });
    } catch (cause) {
      if (!(cause instanceof StoreCorruption)) throw cause;
      const advice = 'Run `stemedb verify`, then `stemedb rebuild`.';
      const detail = `${cause.message} ${advice}`;
      refused.push({ unit, error: { code: 'store_corrupt', detail, cause } });
    }
  }
  return { units: formed, fresh: forming.fresh, refused };
};
