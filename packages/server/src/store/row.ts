/**
 * Candidate rows, references and pairs. Layouts are part of the store's format: raise `storeFormat`
 * in state.ts when one changes, and the store is rebuilt.
 *
 * Candidate row: id 32, stamp 16, asserted f64, agent u32, origin u32, flags u8; where the flags
 * say so class u32, epoch u32 and confidence f64, which most claims do not state; checksum u32. The
 * value key and the sequence are in the key.
 */
import type { HlcStamp, RecordId, ValueKey } from '@stemedb/model';
import type { CandidateRow } from './candidate_loader.js';
import { StoreCorruption } from './corruption.js';
import { asBuffer, checksumBytes, newValue, open, seal } from './entry.js';
import {
  candidateKeyBytes,
  candidateSequenceAt,
  candidateValueAt,
  idBytes,
  sequenceBytes,
} from './keys.js';

const stampBytes = 16;
const assertedAt = idBytes + stampBytes;
const agentAt = assertedAt + 8;
const originAt = agentAt + 4;
const flagsAt = originAt + 4;
const rowBytesMin = flagsAt + 1;

const flagParent = 1;
const flagReferences = 2;
const flagClass = 4;
const flagEpoch = 8;
const flagConfidence = 16;
/** The lifecycle is in the bits above the flags. */
const lifecycleShift = 5;

const lifecycles = ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'] as const;

/** Bytes of a row whose flags these are. */
const rowBytesOf = (flags: number): number =>
  rowBytesMin +
  ((flags & flagClass) === 0 ? 0 : 4) +
  ((flags & flagEpoch) === 0 ? 0 : 4) +
  ((flags & flagConfidence) === 0 ? 0 : 8);

type RowContent = Omit<CandidateRow, 'sequence' | 'valueKey'>;

function flagsOf(row: RowContent): number {
  return (
    (row.hasParent ? flagParent : 0) |
    (row.hasReferences ? flagReferences : 0) |
    (row.classNumber === 0 ? 0 : flagClass) |
    (row.epochNumber === 0 ? 0 : flagEpoch) |
    (row.confidence === 1 ? 0 : flagConfidence) |
    (lifecycles.indexOf(row.lifecycle) << lifecycleShift)
  );
}

/** The value of a candidate row under this key. */
export function encodeRow(key: Buffer, row: RowContent): Buffer {
  const flags = flagsOf(row);
  const value = newValue(rowBytesOf(flags));
  value.write(row.id, 0, 'hex');
  value.write(row.stamp, idBytes, 'hex');
  value.writeDoubleBE(row.assertedMs, assertedAt);
  value.writeUInt32BE(row.agentNumber, agentAt);
  value.writeUInt32BE(row.originNumber, originAt);
  value[flagsAt] = flags;
  let at = rowBytesMin;
  if (row.classNumber !== 0) at = value.writeUInt32BE(row.classNumber, at);
  if (row.epochNumber !== 0) at = value.writeUInt32BE(row.epochNumber, at);
  if (row.confidence !== 1) value.writeDoubleBE(row.confidence, at);
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
    const value = open(key, bytes);
    const flags = value[flagsAt] ?? 0;
    if (key.length !== candidateKeyBytes || value.length !== rowBytesOf(flags) + checksumBytes) {
      throw new StoreCorruption('candidate', key, 'is cut');
    }
    if (this.#isLater(value)) return undefined;
    const head = value.toString('hex', 0, assertedAt);
    const epochAt = rowBytesMin + ((flags & flagClass) === 0 ? 0 : 4);
    const confidenceAt = epochAt + ((flags & flagEpoch) === 0 ? 0 : 4);
    return {
      sequence: asBuffer(key).readUIntBE(candidateSequenceAt, sequenceBytes),
      id: head.slice(0, 2 * idBytes) as RecordId,
      valueKey: this.#valueKeyOf(asBuffer(key)),
      agentNumber: value.readUInt32BE(agentAt),
      originNumber: value.readUInt32BE(originAt),
      classNumber: (flags & flagClass) === 0 ? 0 : value.readUInt32BE(rowBytesMin),
      confidence: (flags & flagConfidence) === 0 ? 1 : value.readDoubleBE(confidenceAt),
      assertedMs: value.readDoubleBE(assertedAt),
      stamp: head.slice(2 * idBytes) as HlcStamp,
      lifecycle: lifecycles[flags >> lifecycleShift] ?? 'proposed',
      epochNumber: (flags & flagEpoch) === 0 ? 0 : value.readUInt32BE(epochAt),
      hasParent: (flags & flagParent) !== 0,
      hasReferences: (flags & flagReferences) !== 0,
    };
  }

  /** For so few bytes a loop costs less than the call into the platform. */
  #isLater(value: Buffer): boolean {
    for (let at = 0; at < stampBytes; at += 1) {
      const difference = (value[idBytes + at] ?? 0) - (this.#asOf[at] ?? 0);
      if (difference !== 0) return difference > 0;
    }
    return false;
  }

  #valueKeyOf(key: Buffer): ValueKey {
    const last = this.#valueBytes;
    for (let at = 0; at < idBytes; at += 1) {
      if (last[at] === key[candidateValueAt + at]) continue;
      key.copy(last, 0, candidateValueAt, candidateSequenceAt);
      this.#valueKey = last.toString('hex') as ValueKey;
      break;
    }
    return this.#valueKey;
  }
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

/** What is known of a pair: its entry and the shard of its path. */
export interface KnownPair extends PairEntry {
  readonly shard: number;
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
