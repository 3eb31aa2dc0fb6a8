/**
 * The envelope of every entry: a payload followed by the CRC-32C of key and payload. A flipped bit
 * in either, a value under another key and a cut value are all found when the entry is read.
 */
import { checksumOf } from './checksum.js';
import { StoreCorruption } from './corruption.js';
import { tableNameOf } from './keys.js';

/** Bytes that the checksum adds to each value. */
export const checksumBytes = 4;

/** Room for a payload of this length and its checksum. */
export function newValue(payloadBytes: number): Buffer {
  return Buffer.allocUnsafe(payloadBytes + checksumBytes);
}

/** Writes the checksum into the last four bytes; returns the same value. */
export function seal(key: Uint8Array, value: Buffer): Buffer {
  const payloadBytes = value.length - checksumBytes;
  value.writeUInt32LE(checksumOf(key, value, payloadBytes), payloadBytes);
  return value;
}

/** A view on a value as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Checks length (payload, when it is fixed) and checksum; throws `StoreCorruption`. */
export function open(key: Uint8Array, value: Uint8Array, payloadBytes?: number): Buffer {
  const buffer = asBuffer(value);
  const length = buffer.length - checksumBytes;
  if (length < 0 || (payloadBytes !== undefined && length !== payloadBytes)) {
    throw new StoreCorruption(tableNameOf(key), key, `has ${buffer.length} bytes`);
  }
  if (checksumOf(key, buffer, length) !== buffer.readUInt32LE(length)) {
    throw new StoreCorruption(tableNameOf(key), key, 'has a wrong checksum');
  }
  return buffer;
}
