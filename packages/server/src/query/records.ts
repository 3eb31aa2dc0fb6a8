/** Reading single records back: place in the store, bytes in the log, content by the codec. */
import type { HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import { kindNumber, recordIdOf } from '@stemedb/model';
import type { Candidate } from '../lens/lens.js';
import type { Log, LogRecord } from '../log/log.js';
import type { RecordPlace, StoreSnapshot } from '../store/store.js';
import type { CacheContents, QueryCache } from './query_cache.js';
import { type CutValue, cutValue, ownCopy, StoredJson, type StoredRecord } from './stored_json.js';

/** Bytes of records that one reader keeps: one answer names the same claim in several places, and
 * the rules ask for author, premises and parent of one record one after the other. */
const keptBytesMax = 256 * 1024;

/** The log or the store holds something other than what was stored: this request cannot go on. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

/** What is known of a claim whose row was read. */
export type Stored = Pick<Candidate, 'id' | 'home'>;

/** A record as it was read back, checked against its id. */
export interface ReadRecord {
  readonly record: StoredRecord;
  readonly stamp: HlcStamp;
  readonly proof: LogRecord['proof'];
  readonly place: RecordPlace;
}

interface Kept {
  readonly read: ReadRecord;
  readonly bytes: number;
}

/** A frame of the log that was checked against the id of its record. */
interface CheckedFrame {
  readonly bytes: Uint8Array;
  readonly proof: LogRecord['proof'];
  readonly sequence: number;
}

/** Such a frame in memory, with the value that was cut out of it when one was asked for. */
interface CachedFrame extends CheckedFrame {
  value?: CutValue;
}

/** What a cached frame takes beside its bytes: itself and two views. */
const frameOverheadBytes = 256;

/** Records in the memory that answers share. What an id names never changes, so none grows old. */
export class CachedRecords {
  readonly #contents: CacheContents<CachedFrame> | undefined;

  constructor(cache: QueryCache | undefined) {
    this.#contents = cache?.isOn === true ? cache.contents() : undefined;
  }

  find(id: RecordId): CachedFrame | undefined {
    return this.#contents?.find(id);
  }

  /** The bytes read may stand in a larger buffer. */
  keep(id: RecordId, { bytes, ...frame }: CheckedFrame): void {
    const size = frameOverheadBytes + bytes.length;
    this.#contents?.keep(id, { ...frame, bytes: ownCopy(bytes) }, size);
  }
}

/** Reads records for one question, over one snapshot of the store. */
export class RecordReader {
  readonly #log: Log;
  readonly #snapshot: StoreSnapshot;
  readonly #cached: CachedRecords | undefined;
  /** In the order of reading. */
  readonly #kept = new Map<RecordId, Kept>();
  #keptBytes = 0;

  constructor(log: Log, snapshot: StoreSnapshot, cached?: CachedRecords) {
    this.#log = log;
    this.#snapshot = snapshot;
    this.#cached = cached;
  }

  /** A record that is visible at asOf: undefined when it was recorded later, or never, or is not
   * of the kind with this number. Whoever has its row gives its `home`, which saves a look. */
  read(id: RecordId, asOf: HlcStamp, kind?: number, home?: number): ReadRecord | undefined {
    const known = this.#kept.get(id)?.read ?? this.#fromLog(id, asOf, kind, home);
    if (known === undefined || known.place.stamp > asOf) return undefined;
    return kind === undefined || known.place.kind === kind ? known : undefined;
  }

  /** The same for a record whose place in this snapshot is known. */
  readAt(id: RecordId, place: RecordPlace, asOf: HlcStamp, kind: number): ReadRecord | undefined {
    if (place.stamp > asOf || place.kind !== kind) return undefined;
    return this.#kept.get(id)?.read ?? this.#fromPlace(id, place);
  }

  /** The value of a claim whose row was read at asOf, so that it is known to be visible. */
  valueOf({ id, home }: Stored, asOf: HlcStamp): CutValue | undefined {
    const cached = this.#cached?.find(id);
    if (cached === undefined) {
      const read = this.read(id, asOf, kindNumber.assertion, home);
      return read === undefined ? undefined : cutValue(read.record.bytes);
    }
    cached.value ??= cutValue(cached.bytes);
    return cached.value;
  }

  /** The content of a record that is visible at asOf. */
  content(id: RecordId, asOf: HlcStamp, kind?: number): RecordContent | undefined {
    return this.read(id, asOf, kind)?.record.parsed;
  }

  #fromLog(
    id: RecordId,
    asOf: HlcStamp,
    kind: number | undefined,
    home: number | undefined,
  ): ReadRecord | undefined {
    const place = this.#placeAt(home) ?? this.#snapshot.place(id);
    if (place === undefined || place.stamp > asOf) return undefined;
    if (kind !== undefined && place.kind !== kind) return undefined;
    return this.#fromPlace(id, place);
  }

  #fromPlace(id: RecordId, place: RecordPlace): ReadRecord {
    const cached = this.#cached?.find(id);
    // Another frame of the same record may count by now, with another proof.
    const frame = cached?.sequence === place.sequence ? cached : this.#checked(id, place);
    const { bytes, proof } = frame;
    const read = { record: new StoredJson<RecordContent>(bytes), stamp: place.stamp, proof, place };
    this.#keep(id, { read, bytes: bytes.length });
    return read;
  }

  /** The place itself, without the index of ids; what is read there is proved by its hash. */
  #placeAt(home: number | undefined): RecordPlace | undefined {
    return home === undefined ? undefined : this.#snapshot.placeOfSequence(home);
  }

  #checked(id: RecordId, { sequence, offset }: RecordPlace): CheckedFrame {
    const frame = this.#log.read(sequence, offset);
    if (!frame.ok) throw new DamagedRecord(frame.error.detail, { cause: frame.error });
    const { bytes, proof } = frame.value;
    // The id is the hash of the content, so every read can prove that nothing was changed.
    if (recordIdOf(bytes) !== id) {
      throw new DamagedRecord(`The record at sequence ${sequence} is not ${id}.`);
    }
    const checked = { bytes, proof, sequence };
    this.#cached?.keep(id, checked);
    return checked;
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
