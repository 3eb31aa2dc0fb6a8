/**
 * The fixed-size entries: candidate rows and places. Layouts are part of the store's format: raise
 * `storeFormat` in state.ts when one changes, and the store is rebuilt.
 *
 * Candidate row: id 32, stamp 16, asserted f64, confidence f64, agent u32, origin u32, epoch u32,
 * class u32, lifecycle u8, flags u8, checksum u32. The value key and the sequence are in the key.
 */
import type { HlcStamp, RecordId, ValueKey } from '@stemedb/model';
import { StoreCorruption } from './corruption.js';
import { asBuffer, newValue, open, seal } from './entry.js';
import {
  candidateKeyBytes,
  candidateSequenceAt,
  candidateValueAt,
  idBytes,
  sequenceBytes,
} from './keys.js';
import type { CandidateRow, RecordPlace } from './store.js';

const stampBytes = 16;
const assertedAt = idBytes + stampBytes;
const confidenceAt = assertedAt + 8;
const agentAt = confidenceAt + 8;
const originAt = agentAt + 4;
const epochAt = originAt + 4;
const classAt = epochAt + 4;
const lifecycleAt = classAt + 4;
const flagsAt = lifecycleAt + 1;
const rowBytes = flagsAt + 1;

const flagParent = 1;
const flagReferences = 2;

const lifecycles = ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'] as const;

type RowContent = Omit<CandidateRow, 'sequence' | 'valueKey'>;

/** The value of a candidate row under this key. */
export function encodeRow(key: Buffer, row: RowContent): Buffer {
  const value = newValue(rowBytes);
  value.write(row.id, 0, 'hex');
  value.write(row.stamp, idBytes, 'hex');
  value.writeDoubleBE(row.assertedMs, assertedAt);
  value.writeDoubleBE(row.confidence, confidenceAt);
  value.writeUInt32BE(row.agentNumber, agentAt);
  value.writeUInt32BE(row.originNumber, originAt);
  value.writeUInt32BE(row.epochNumber, epochAt);
  value.writeUInt32BE(row.classNumber, classAt);
  value[lifecycleAt] = lifecycles.indexOf(row.lifecycle);
  value[flagsAt] = (row.hasParent ? flagParent : 0) | (row.hasReferences ? flagReferences : 0);
  return seal(key, value);
}

/**
 * Decodes the rows of one pair in key order. Rows of one value follow each other, so its key is
 * turned into text once; a row later than `asOf` is checked but not decoded.
 */
export class RowDecoder {
  readonly #asOf: Buffer;
  readonly #valueBytes = Buffer.alloc(idBytes);
  #valueKey = '0'.repeat(2 * idBytes) as ValueKey;

  constructor(asOf: HlcStamp) {
    this.#asOf = Buffer.from(asOf, 'hex');
  }

  /** The row, or undefined when it was recorded after the moment asked. */
  decode(key: Uint8Array, bytes: Uint8Array): CandidateRow | undefined {
    const value = open(key, bytes, rowBytes);
    if (key.length !== candidateKeyBytes) throw new StoreCorruption('candidate', key, 'is cut');
    if (value.compare(this.#asOf, 0, stampBytes, idBytes, assertedAt) > 0) return undefined;
    const head = value.toString('hex', 0, assertedAt);
    const flags = value[flagsAt] ?? 0;
    return {
      sequence: asBuffer(key).readUIntBE(candidateSequenceAt, sequenceBytes),
      id: head.slice(0, 2 * idBytes) as RecordId,
      valueKey: this.#valueKeyOf(asBuffer(key)),
      agentNumber: value.readUInt32BE(agentAt),
      originNumber: value.readUInt32BE(originAt),
      classNumber: value.readUInt32BE(classAt),
      confidence: value.readDoubleBE(confidenceAt),
      assertedMs: value.readDoubleBE(assertedAt),
      stamp: head.slice(2 * idBytes) as HlcStamp,
      lifecycle: lifecycles[value[lifecycleAt] ?? 0] ?? 'proposed',
      epochNumber: value.readUInt32BE(epochAt),
      hasParent: (flags & flagParent) !== 0,
      hasReferences: (flags & flagReferences) !== 0,
    };
  }

  #valueKeyOf(key: Buffer): ValueKey {
    const last = this.#valueBytes;
    if (last.compare(key, candidateValueAt, candidateSequenceAt) !== 0) {
      key.copy(last, 0, candidateValueAt, candidateSequenceAt);
      this.#valueKey = last.toString('hex') as ValueKey;
    }
    return this.#valueKey;
  }
}

/**
 * Sequence entry: id 32, stamp 16, sequence of the frame u48, its offset u48, shard u16, kind u8,
 * proof u8, checksum u32. The key is the sequence of the first frame of the id, which all lists
 * name; the payload says which of its frames counts.
 */
const frameAt = idBytes + stampBytes;
const offsetAt = frameAt + sequenceBytes;
const shardAt = offsetAt + sequenceBytes;
const kindAt = shardAt + 2;
const proofAt = kindAt + 1;
const placeBytes = proofAt + 1;

/** A record as the sequence table holds it. */
export interface StoredPlace {
  readonly id: RecordId;
  /** Sequence of the first frame with this id: what rows and lists name it by. */
  readonly home: number;
  /** Number of how the author was proved in the frame that counts. */
  readonly proof: number;
  /** Where the frame that counts stands. */
  readonly place: RecordPlace;
}

export function encodePlace(key: Buffer, stored: StoredPlace): Buffer {
  const value = newValue(placeBytes);
  value.write(stored.id, 0, 'hex');
  value.write(stored.place.stamp, idBytes, 'hex');
  value.writeUIntBE(stored.place.sequence, frameAt, sequenceBytes);
  value.writeUIntBE(stored.place.offset, offsetAt, sequenceBytes);
  value.writeUInt16BE(stored.place.shard, shardAt);
  value[kindAt] = stored.place.kind;
  value[proofAt] = stored.proof;
  return seal(key, value);
}

export function decodePlace(key: Uint8Array, bytes: Uint8Array): StoredPlace {
  const value = open(key, bytes, placeBytes);
  const head = value.toString('hex', 0, frameAt);
  return {
    id: head.slice(0, 2 * idBytes) as RecordId,
    home: asBuffer(key).readUIntBE(1, sequenceBytes),
    proof: value[proofAt] ?? 0,
    place: {
      sequence: value.readUIntBE(frameAt, sequenceBytes),
      offset: value.readUIntBE(offsetAt, sequenceBytes),
      kind: value[kindAt] ?? 0,
      shard: value.readUInt16BE(shardAt),
      stamp: head.slice(2 * idBytes) as HlcStamp,
    },
  };
}

/** Id entry: the sequence of the first record with this id. */
export function encodeSequence(key: Buffer, sequence: number): Buffer {
  const value = newValue(sequenceBytes);
  value.writeUIntBE(sequence, 0, sequenceBytes);
  return seal(key, value);
}

export function decodeSequence(key: Uint8Array, bytes: Uint8Array): number {
  return open(key, bytes, sequenceBytes).readUIntBE(0, sequenceBytes);
}

/** Reference entry: the agent number of the record that refers. */
const referenceBytes = 4;

export function encodeReference(key: Buffer, agent: number): Buffer {
  const value = newValue(referenceBytes);
  value.writeUInt32BE(agent, 0);
  return seal(key, value);
}

export function decodeReference(key: Uint8Array, bytes: Uint8Array): number {
  return open(key, bytes, referenceBytes).readUInt32BE(0);
}

/** Pair entry: its number u32 and how many rows it has u48. */
export interface PairEntry {
  readonly number: number;
  readonly claims: number;
}

export function encodePair(key: Buffer, pair: PairEntry): Buffer {
  const value = newValue(4 + sequenceBytes);
  value.writeUInt32BE(pair.number, 0);
  value.writeUIntBE(pair.claims, 4, sequenceBytes);
  return seal(key, value);
}

export function decodePair(key: Uint8Array, bytes: Uint8Array): PairEntry {
  const value = open(key, bytes, 4 + sequenceBytes);
  return { number: value.readUInt32BE(0), claims: value.readUIntBE(4, sequenceBytes) };
}
