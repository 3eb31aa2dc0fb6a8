/**
 * The keys of the store. One byte names the table, numbers are big-endian, so bytewise order is the
 * order of what they say. Candidate rows carry their shard in front: a shard can be walked, counted
 * and removed as one range (spec 10). What follows from an id or a sequence alone, and the pair
 * directory (decision 030), has no shard in front.
 */
import type { RecordId } from '@stemedb/model';

/** First byte of a key -> name of the table. */
export const tables = {
  state: 0x01,
  pair: 0x10,
  id: 0x20,
  place: 0x21,
  candidate: 0x30,
  reference: 0x40,
  agentRecord: 0x41,
  kindRecord: 0x42,
  agentNumber: 0x50,
  agentName: 0x51,
  classNumber: 0x52,
  className: 0x53,
  epochNumber: 0x54,
  epochName: 0x55,
  originNumber: 0x56,
  originName: 0x57,
} as const satisfies Record<string, number>;

export type TableName = keyof typeof tables;

const namesByTag = new Map<number, TableName>(
  Object.entries(tables).map(([name, tag]) => [tag, name as TableName]),
);

/** Name of the table that a key belongs to; `unknown` for a first byte that no table has. */
export function tableNameOf(key: Uint8Array): TableName | 'unknown' {
  return namesByTag.get(key[0] ?? 0) ?? 'unknown';
}

/** How a record names another: what `dependants` can be asked for. */
export const relations = {
  source: 1,
  derived_from: 2,
  parent: 3,
  epoch: 4,
  attestation: 5,
  vote: 6,
  supersession: 7,
  replacement: 8,
  verdict: 9,
  epoch_supersedes: 10,
} as const satisfies Record<string, number>;

export type Relation = keyof typeof relations;

export const idBytes = 32;
/** Sequences and offsets are 48 bits wide: 2^48 bytes of log are 256 TiB. */
export const sequenceBytes = 6;
const shardBytes = 2;
const numberBytes = 4;
/** A sequence without its lowest byte. */
const listBlockBytes = sequenceBytes - 1;

export const stateKey: Buffer = Buffer.from([tables.state]);

/** Raw bytes of 64 hex digits; asserts the length, which the types do not. */
export function bytesOfId(id: string): Buffer {
  const bytes = Buffer.from(id, 'hex');
  if (bytes.length !== idBytes) throw new Error(`not an id of 32 bytes: ${id}`);
  return bytes;
}

/** Bytes of an id that its key has. The whole id is in the places that the entry names. */
const idPrefixBytes = 8;

/** The hex digits of an id that its key has. */
export function idPrefix(id: RecordId): string {
  return id.slice(0, 2 * idPrefixBytes);
}

export function idKey(prefix: string): Buffer {
  const key = Buffer.allocUnsafe(1 + idPrefixBytes);
  key[0] = tables.id;
  if (key.write(prefix, 1, 'hex') !== idPrefixBytes) throw new Error(`not of an id: ${prefix}`);
  return key;
}

export function placesKey(block: number): Buffer {
  const key = Buffer.allocUnsafe(1 + sequenceBytes);
  key[0] = tables.place;
  key.writeUIntBE(block, 1, sequenceBytes);
  return key;
}

/** The text of a pair as its key orders it; a path cannot contain NUL, so none is ambiguous. */
export function pairText(conceptPath: string, predicate: string): string {
  return `${conceptPath}\0${predicate}`;
}

export function pairKey(text: string): Buffer {
  const key = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  key[0] = tables.pair;
  key.write(text, 1, 'utf8');
  return key;
}

const candidatePairAt = 1 + shardBytes;
export const candidateValueAt: number = candidatePairAt + numberBytes;
export const candidateSequenceAt: number = candidateValueAt + idBytes;
export const candidateKeyBytes: number = candidateSequenceAt + sequenceBytes;

/** Shard, pair number, value key, sequence: claims of one value of a pair stand together. */
export function candidateKey(
  shard: number,
  pair: number,
  valueKey: Uint8Array,
  sequence: number,
): Buffer {
  if (valueKey.length !== idBytes) throw new Error('a value key of another length');
  const key = Buffer.allocUnsafe(candidateKeyBytes);
  key[0] = tables.candidate;
  key.writeUInt16BE(shard, 1);
  key.writeUInt32BE(pair, candidatePairAt);
  key.set(valueKey, candidateValueAt);
  key.writeUIntBE(sequence, candidateSequenceAt, sequenceBytes);
  return key;
}

/** What stands before the value key in the rows of one pair. */
export function candidatePrefix(shard: number, pair: number): Buffer {
  const key = Buffer.allocUnsafe(candidateValueAt);
  key[0] = tables.candidate;
  key.writeUInt16BE(shard, 1);
  key.writeUInt32BE(pair, candidatePairAt);
  return key;
}

export function referencePrefix(target: RecordId, relation: Relation): Buffer {
  const key = Buffer.allocUnsafe(1 + idBytes + 1);
  key[0] = tables.reference;
  if (key.write(target, 1, 'hex') !== idBytes) throw new Error(`not a record id: ${target}`);
  key[1 + idBytes] = relations[relation];
  return key;
}

export function agentRecordPrefix(agent: number): Buffer {
  const key = Buffer.allocUnsafe(1 + numberBytes);
  key[0] = tables.agentRecord;
  key.writeUInt32BE(agent, 1);
  return key;
}

/** Agent, block of sequences: the records of an agent, those of one block in one entry. */
export function agentRecordKey(agent: number, block: number): Buffer {
  const key = Buffer.allocUnsafe(1 + numberBytes + listBlockBytes);
  key[0] = tables.agentRecord;
  key.writeUInt32BE(agent, 1);
  key.writeUIntBE(block, 1 + numberBytes, listBlockBytes);
  return key;
}

export function blockOfListKey(key: Uint8Array): number {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength);
  return bytes.readUIntBE(1 + numberBytes, listBlockBytes);
}

export function kindRecordPrefix(kind: number): Buffer {
  return Buffer.from([tables.kindRecord, kind]);
}

/** A prefix followed by a sequence: the shape of every list of records. */
export function withSequence(prefix: Buffer, sequence: number): Buffer {
  const key = Buffer.allocUnsafe(prefix.length + sequenceBytes);
  prefix.copy(key);
  key.writeUIntBE(sequence, prefix.length, sequenceBytes);
  return key;
}

/** The sequence that a list key ends with. */
export function sequenceOfKey(key: Uint8Array): number {
  let sequence = 0;
  for (let index = key.length - sequenceBytes; index < key.length; index += 1) {
    sequence = sequence * 256 + (key[index] ?? 0);
  }
  return sequence;
}

/** Number -> name, in one of the dictionaries. */
export function nameKey(tag: number, number: number): Buffer {
  const key = Buffer.allocUnsafe(1 + numberBytes);
  key[0] = tag;
  key.writeUInt32BE(number, 1);
  return key;
}

/** Name (or its hash) of 32 bytes -> number. */
export function numberKey(tag: number, name: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(1 + name.length);
  key[0] = tag;
  key.set(name, 1);
  return key;
}

/** The least key above all that begin with this prefix. */
export function prefixEnd(prefix: Uint8Array): Buffer {
  const end = Buffer.from(prefix);
  for (let index = end.length - 1; index >= 0; index -= 1) {
    const byte = end[index] ?? 0;
    if (byte < 0xff) {
      end[index] = byte + 1;
      return end.subarray(0, index + 1);
    }
  }
  throw new Error('a prefix of 0xff bytes alone has no end');
}

/** The least key above this one. */
export function keyAfter(key: Uint8Array): Buffer {
  const next = Buffer.alloc(key.length + 1);
  next.set(key);
  return next;
}
