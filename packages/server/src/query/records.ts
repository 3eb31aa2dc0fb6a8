/** Reading single records back: place in the store, bytes in the log, content by the codec. */
import type { HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import { decodeStored, recordIdOf } from '@stemedb/model';
import type { Log, LogRecord } from '../log/log.js';
import type { RecordPlace, StoreSnapshot } from '../store/store.js';

/** Bytes of records that one reader keeps decoded: one answer names the same claim in several
 * places, and the rules ask for author, premises and parent of one record one after the other. */
const keptBytesMax = 256 * 1024;

/** The log or the store holds something other than what was stored: this request cannot go on. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

/** A record as it was read back, checked against its id. */
export interface ReadRecord {
  readonly content: RecordContent;
  readonly stamp: HlcStamp;
  readonly proof: LogRecord['proof'];
  readonly place: RecordPlace;
}

interface Kept {
  readonly read: ReadRecord;
  readonly bytes: number;
}

/** Reads records for one question, over one snapshot of the store. */
export class RecordReader {
  readonly #log: Log;
  readonly #snapshot: StoreSnapshot;
  /** In the order of reading. */
  readonly #kept = new Map<RecordId, Kept>();
  #keptBytes = 0;

  constructor(log: Log, snapshot: StoreSnapshot) {
    this.#log = log;
    this.#snapshot = snapshot;
  }

  /** A record that is visible at asOf: undefined when it was recorded later, or never, or is not
   * of the kind with this number. */
  read(id: RecordId, asOf: HlcStamp, kind?: number): ReadRecord | undefined {
    const known = this.#kept.get(id)?.read ?? this.#fromLog(id, asOf, kind);
    if (known === undefined || known.place.stamp > asOf) return undefined;
    return kind === undefined || known.place.kind === kind ? known : undefined;
  }

  /** The content of a record that is visible at asOf. */
  content(id: RecordId, asOf: HlcStamp, kind?: number): RecordContent | undefined {
    return this.read(id, asOf, kind)?.content;
  }

  #fromLog(id: RecordId, asOf: HlcStamp, kind: number | undefined): ReadRecord | undefined {
    const place = this.#snapshot.place(id);
    if (place === undefined || place.stamp > asOf) return undefined;
    if (kind !== undefined && place.kind !== kind) return undefined;
    const frame = this.#log.read(place.sequence, place.offset);
    if (!frame.ok) throw new DamagedRecord(frame.error.detail, { cause: frame.error });
    const { bytes, proof } = frame.value;
    // The id is the hash of the content, so every read can prove that nothing was changed.
    if (recordIdOf(bytes) !== id) {
      throw new DamagedRecord(`The record at sequence ${place.sequence} is not ${id}.`);
    }
    const read = { content: decodeStored(bytes), stamp: place.stamp, proof, place };
    this.#keep(id, { read, bytes: bytes.length });
    return read;
  }

  #keep(id: RecordId, kept: Kept): void {
    this.#kept.set(id, kept);
    this.#keptBytes += kept.bytes;
    if (this.#keptBytes <= keptBytesMax) return;
    for (const [oldest, { bytes }] of this.#kept) {
      this.#kept.delete(oldest);
      this.#keptBytes -= bytes;
      if (this.#keptBytes <= keptBytesMax) return;
    }
  }
}
