/** Reading single records back: place in the store, bytes in the log, content by the codec. */
import type { AgentId, HlcStamp, RecordContent, RecordId, StatedRecord } from '@stemedb/model';
import { decodeStored, formatTime, recordIdOf, stampMs } from '@stemedb/model';
import type { Log, LogRecord } from '../log/log.js';
import type { StoreSnapshot } from '../store/store.js';

/** Signatures that one record lists: anyone may add one, and every answer carries them. */
const listedSignaturesMax = 100;

type StatedSignature = NonNullable<StatedRecord['signatures']>[number];

/** Orders signatures, the author's own first: never by arrival. */
const bySignerOf =
  (author: AgentId) =>
  (one: StatedSignature, other: StatedSignature): number => {
    if (one.agent_id === other.agent_id) return one.signature < other.signature ? -1 : 1;
    if (one.agent_id === author) return -1;
    if (other.agent_id === author) return 1;
    return one.agent_id < other.agent_id ? -1 : 1;
  };

/** The log or the store holds something other than what was stored: this request cannot go on. */
export class DamagedRecord extends Error {
  override readonly name = 'DamagedRecord';
}

/** Reads records for one question, over one snapshot of the store. */
export class RecordReader {
  readonly #log: Log;
  readonly #snapshot: StoreSnapshot;

  constructor(log: Log, snapshot: StoreSnapshot) {
    this.#log = log;
    this.#snapshot = snapshot;
  }

  /** The frame of a record; undefined when it was recorded later than asOf, or never. */
  frame(id: RecordId, asOf: HlcStamp): LogRecord | undefined {
    const place = this.#snapshot.place(id);
    if (place === undefined || place.stamp > asOf) return undefined;
    const read = this.#log.read(place.sequence, place.offset);
    if (!read.ok) throw new DamagedRecord(read.error.detail, { cause: read.error });
    // The id is the hash of the content, so every read can prove that nothing was changed.
    if (recordIdOf(read.value.bytes) !== id) {
      throw new DamagedRecord(`The record at sequence ${place.sequence} is not ${id}.`);
    }
    return { ...read.value, stamp: place.stamp };
  }

  /** The content of a record that is visible at asOf. */
  content(id: RecordId, asOf: HlcStamp): RecordContent | undefined {
    const frame = this.frame(id, asOf);
    return frame === undefined ? undefined : decodeStored(frame.bytes);
  }

  /** The record as an answer states it, with its signatures as of the moment. */
  stated(id: RecordId, asOf: HlcStamp): StatedRecord | undefined {
    const frame = this.frame(id, asOf);
    if (frame === undefined) return undefined;
    const record = decodeStored(frame.bytes);
    const signatures: StatedSignature[] = [];
    for (const attestation of this.#snapshot.attestations(id)) {
      const content = this.content(attestation.id, asOf);
      if (content?.kind !== 'attestation') continue;
      signatures.push({ agent_id: content.agent_id, signature: content.signature });
    }
    signatures.sort(bySignerOf(record.agent_id));
    return {
      id,
      record,
      recorded_at: formatTime(stampMs(frame.stamp)),
      recorded_stamp: frame.stamp,
      proof: frame.proof,
      ...(signatures.length > 0 ? { signatures: signatures.slice(0, listedSignaturesMax) } : {}),
      ...(signatures.length > listedSignaturesMax ? { signatures_count: signatures.length } : {}),
    };
  }
}
