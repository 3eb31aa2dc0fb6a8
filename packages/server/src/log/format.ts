/**
 * The bytes of a segment file: one header, then frames. All numbers are big-endian, so that a hex
 * dump reads like the file names and stamps do, and unsigned.
 *
 *     segment header, 160 bytes               frame header, 32 bytes
 *       0 magic, 8 bytes                        0 magic u32
 *       8 format version u32                    4 payload length u32
 *      12 header length u32                     8 sequence u64
 *      16 database id, 16 bytes                16 durable u64
 *      32 log id, 16 bytes                     24 kind u8
 *      48 number u64, from 1                   25 flags u8
 *      56 first offset u64                     26 shard u16
 *      64 first sequence u64                   28 CRC-32C u32
 *      72 offset of the previous frame u64     32 payload
 *      80 SHA-256 of that frame, 32 bytes    payload of a record
 *     112 newest stamp before, 16 bytes         0 stamp, 16 bytes
 *     128 zeros                                16 proof u8
 *     156 CRC-32C u32 of all before            17 canonical bytes
 *
 * For ever: the magic, version and header length stand where they stand and the last four bytes of
 * a header are its CRC, so that any version can tell a newer file from a damaged one.
 *
 * The CRC of a frame is computed while its own field holds the segment number: one pass over one
 * slice covers header, segment number and payload (CRC-32C: RFC 3720, appendix B.4).
 *
 * Both magics begin with a byte that never occurs in UTF-8, so no content can look like a frame.
 */
import { createHash } from 'node:crypto';
import { crc32c } from '@node-rs/crc32';

const formatVersion = 1;

const segmentMagic = Buffer.from('ff5354454d45574c', 'hex');
export const frameMagic = 0xfe53_464d;
export const frameMagicBytes = Buffer.from('fe53464d', 'hex');

export const segmentHeaderBytes = 160;
export const frameHeaderBytes = 32;
/** Stamp and proof, in front of the canonical bytes. */
export const recordPrefixBytes = 17;

/**
 * Upper bound of a payload. The largest content is a source of 1 MiB of text in which JSON may
 * need six bytes for one; a reader never believes a length above this.
 */
export const framePayloadBytesMax = 8 * 1024 * 1024;

/** Kind of a frame that carries only `durable`. */
export const markKind = 0;

export const frameFlags = {
  /** Reserved: a record of which only id and stamp remain. */
  erased: 0x01,
  /** On a mark: the log was closed in order here. */
  clean: 0x02,
} as const;

/** Offset of the previous frame in the header of a segment that has none before it. */
const noFrame = 0;

export function hashOfFrame(frame: Uint8Array): Buffer {
  return createHash('sha256').update(frame).digest();
}

/** Writes a u64; counts stay far below 2^53, which is asserted where they grow. */
export function writeCount(buffer: Buffer, value: number, position: number): void {
  buffer.writeUInt32BE(Math.floor(value / 0x1_0000_0000), position);
  buffer.writeUInt32BE(value % 0x1_0000_0000, position + 4);
}

/** Reads a u64; infinity when it is beyond the exact integers, which nothing accepts. */
export function readCount(buffer: Buffer, position: number): number {
  const high = buffer.readUInt32BE(position);
  if (high > 0x1f_ffff) return Number.POSITIVE_INFINITY;
  return high * 0x1_0000_0000 + buffer.readUInt32BE(position + 4);
}

export function segmentName(firstOffset: number): string {
  return `${firstOffset.toString(16).padStart(16, '0')}.wal`;
}

/** First offset of a segment from its file name; undefined for any other file. */
export function offsetOfName(name: string): number | undefined {
  if (!/^00[0-1][0-9a-f]{13}\.wal$/.test(name)) return undefined;
  const offset = Number.parseInt(name.slice(0, 16), 16);
  return Number.isSafeInteger(offset) ? offset : undefined;
}

export interface SegmentHeader {
  /** 32 hex digits each. */
  readonly databaseId: string;
  readonly logId: string;
  /** Counts segments from 1. */
  readonly number: number;
  /** Offset of this header, counted through all segments. */
  readonly firstOffset: number;
  /** Sequence of the first record of the segment. */
  readonly firstSequence: number;
  /** The last frame of the segment before; undefined in the first segment. */
  readonly previous: { readonly offset: number; readonly hash: Uint8Array } | undefined;
  /** Newest stamp of all records before this segment, 32 hex digits. */
  readonly newestStamp: string;
}

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const buffer = Buffer.alloc(segmentHeaderBytes);
  segmentMagic.copy(buffer, 0);
  buffer.writeUInt32BE(formatVersion, 8);
  buffer.writeUInt32BE(segmentHeaderBytes, 12);
  buffer.write(header.databaseId, 16, 16, 'hex');
  buffer.write(header.logId, 32, 16, 'hex');
  writeCount(buffer, header.number, 48);
  writeCount(buffer, header.firstOffset, 56);
  writeCount(buffer, header.firstSequence, 64);
  writeCount(buffer, header.previous?.offset ?? noFrame, 72);
  if (header.previous) buffer.set(header.previous.hash, 80);
  buffer.write(header.newestStamp, 112, 16, 'hex');
  const crcAt = segmentHeaderBytes - 4;
  buffer.writeUInt32BE(crc32c(buffer.subarray(0, crcAt)), crcAt);
  return buffer;
}

export type DecodedHeader =
  | { readonly type: 'header'; readonly header: SegmentHeader }
  | { readonly type: 'too_new'; readonly version: number }
  | { readonly type: 'bad'; readonly reason: string };

/** Decodes the first bytes of a file, of which there may be fewer than a header needs. */
export function decodeSegmentHeader(bytes: Buffer): DecodedHeader {
  if (bytes.length < 16) return { type: 'bad', reason: 'the header is cut short' };
  if (!bytes.subarray(0, 8).equals(segmentMagic)) {
    return { type: 'bad', reason: 'the file does not begin with the magic of a segment' };
  }
  const version = bytes.readUInt32BE(8);
  const length = bytes.readUInt32BE(12);
  if (length < 20 || length > segmentHeaderBytes * 16 || length > bytes.length) {
    return { type: 'bad', reason: 'the header is cut short or states a wrong length' };
  }
  if (crc32c(bytes.subarray(0, length - 4)) !== bytes.readUInt32BE(length - 4)) {
    return { type: 'bad', reason: 'the CRC of the header does not match' };
  }
  if (version > formatVersion) return { type: 'too_new', version };
  if (version !== formatVersion || length !== segmentHeaderBytes) {
    return { type: 'bad', reason: 'the header states a version that never was' };
  }
  const previousOffset = readCount(bytes, 72);
  const header = {
    databaseId: bytes.toString('hex', 16, 32),
    logId: bytes.toString('hex', 32, 48),
    number: readCount(bytes, 48),
    firstOffset: readCount(bytes, 56),
    firstSequence: readCount(bytes, 64),
    previous:
      previousOffset === noFrame
        ? undefined
        : { offset: previousOffset, hash: Buffer.from(bytes.subarray(80, 112)) },
    newestStamp: bytes.toString('hex', 112, 128),
  };
  return { type: 'header', header };
}
