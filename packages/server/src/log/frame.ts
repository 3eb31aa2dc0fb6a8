/**
 * Frames to bytes and back. A frame is believed only when its CRC, which covers the segment number
 * too, matches; nothing is allocated from a length that was not checked.
 */

import { crc32c } from '@node-rs/crc32';
import type { HlcStamp } from '@stemedb/model';
import {
  frameFlags,
  frameHeaderBytes,
  frameMagic,
  framePayloadBytesMax,
  markKind,
  readCount,
  recordPrefixBytes,
  writeCount,
} from './format.js';
import type { AuthorProof, LogEntry } from './log.js';

const crcAt = 28;

/** How a frame writes the proof; of two frames that differ in it alone, the smaller one counts. */
export const proofNumber: Record<AuthorProof, number> = { signature: 1, credential: 2, node: 3 };
const proofOfNumber: readonly (AuthorProof | undefined)[] = [
  undefined,
  'signature',
  'credential',
  'node',
];

/** The header of a valid frame and where it stands in its buffer. */
export interface Frame {
  readonly sequence: number;
  readonly durable: number;
  readonly kind: number;
  readonly flags: number;
  readonly shard: number;
  readonly payloadBytes: number;
}

export type FrameFault = 'cut short' | 'no magic' | 'impossible length' | 'CRC mismatch';

export function frameBytes(entry: LogEntry): number {
  return frameHeaderBytes + recordPrefixBytes + entry.bytes.byteLength;
}

/** Seals the frame that was laid out at `start`: the CRC goes over everything, itself last. */
function seal(target: Buffer, start: number, end: number, segmentNumber: number): void {
  target.writeUInt32BE(segmentNumber, start + crcAt);
  target.writeUInt32BE(crc32c(target.subarray(start, end)), start + crcAt);
}

function writeHeader(target: Buffer, start: number, frame: Frame): void {
  target.writeUInt32BE(frameMagic, start);
  target.writeUInt32BE(frame.payloadBytes, start + 4);
  writeCount(target, frame.sequence, start + 8);
  writeCount(target, frame.durable, start + 16);
  target.writeUInt8(frame.kind, start + 24);
  target.writeUInt8(frame.flags, start + 25);
  target.writeUInt16BE(frame.shard, start + 26);
}

/** Lays out one record at `start`; returns the position after it. */
export function writeRecordFrame(
  target: Buffer,
  start: number,
  entry: LogEntry,
  place: {
    readonly sequence: number;
    readonly durable: number;
    readonly segmentNumber: number;
  },
): number {
  const payloadBytes = recordPrefixBytes + entry.bytes.byteLength;
  writeHeader(target, start, {
    sequence: place.sequence,
    durable: place.durable,
    kind: entry.kind,
    flags: 0,
    shard: entry.shard,
    payloadBytes,
  });
  const payloadAt = start + frameHeaderBytes;
  target.write(entry.stamp, payloadAt, 16, 'hex');
  target.writeUInt8(proofNumber[entry.proof], payloadAt + 16);
  target.set(entry.bytes, payloadAt + recordPrefixBytes);
  const end = payloadAt + payloadBytes;
  seal(target, start, end, place.segmentNumber);
  return end;
}

/** A mark after `sequence`, all of which is durable. */
export function encodeMark(sequence: number, flags: number, segmentNumber: number): Buffer {
  const mark = Buffer.alloc(frameHeaderBytes);
  writeHeader(mark, 0, {
    sequence,
    durable: sequence,
    kind: markKind,
    flags,
    shard: 0,
    payloadBytes: 0,
  });
  seal(mark, 0, frameHeaderBytes, segmentNumber);
  return mark;
}

/** Bytes that a frame at `start` claims to have, from its first eight; undefined when it lies. */
export function claimedFrameBytes(bytes: Buffer, start: number): number | undefined {
  if (bytes.readUInt32BE(start) !== frameMagic) return undefined;
  const payloadBytes = bytes.readUInt32BE(start + 4);
  if (payloadBytes > framePayloadBytesMax) return undefined;
  return frameHeaderBytes + payloadBytes;
}

/**
 * Checks the frame at `start`. The bytes of the CRC field change for the moment of the check, so
 * the buffer must belong to the caller.
 */
export function checkFrame(
  bytes: Buffer,
  start: number,
  segmentNumber: number,
): Frame | FrameFault {
  if (bytes.length - start < frameHeaderBytes) return 'cut short';
  if (bytes.readUInt32BE(start) !== frameMagic) return 'no magic';
  const payloadBytes = bytes.readUInt32BE(start + 4);
  if (payloadBytes > framePayloadBytesMax) return 'impossible length';
  const end = start + frameHeaderBytes + payloadBytes;
  if (end > bytes.length) return 'cut short';
  const stated = bytes.readUInt32BE(start + crcAt);
  bytes.writeUInt32BE(segmentNumber, start + crcAt);
  const computed = crc32c(bytes.subarray(start, end));
  bytes.writeUInt32BE(stated, start + crcAt);
  if (stated !== computed) return 'CRC mismatch';
  const frame = readHeader(bytes, start, payloadBytes);
  return isWellFormed(frame) ? frame : 'impossible length';
}

function readHeader(bytes: Buffer, start: number, payloadBytes: number): Frame {
  return {
    sequence: readCount(bytes, start + 8),
    durable: readCount(bytes, start + 16),
    kind: bytes.readUInt8(start + 24),
    flags: bytes.readUInt8(start + 25),
    shard: bytes.readUInt16BE(start + 26),
    payloadBytes,
  };
}

/** A mark is bare; a record has at least its stamp and proof and is newer than what is durable. */
function isWellFormed(frame: Frame): boolean {
  if (frame.kind === markKind) return frame.payloadBytes === 0 && frame.durable === frame.sequence;
  return frame.payloadBytes >= recordPrefixBytes && frame.durable < frame.sequence;
}

export const isCleanMark = (frame: Frame): boolean =>
  frame.kind === markKind && (frame.flags & frameFlags.clean) !== 0;

/** The stamp of the record whose frame begins at `start`, as 32 hex digits. */
export function stampOf(bytes: Buffer, start: number): HlcStamp {
  const payloadAt = start + frameHeaderBytes;
  return bytes.toString('hex', payloadAt, payloadAt + 16) as HlcStamp;
}

/** False when the record in a checked frame states a proof that no version ever wrote. */
export const hasKnownProof = (bytes: Buffer, start: number): boolean =>
  proofOfNumber[bytes.readUInt8(start + frameHeaderBytes + 16)] !== undefined;

/** The record in a checked frame; undefined when it states a proof that no version ever wrote. */
export function readEntry(bytes: Buffer, start: number, frame: Frame): LogEntry | undefined {
  const payloadAt = start + frameHeaderBytes;
  const proof = proofOfNumber[bytes.readUInt8(payloadAt + 16)];
  if (proof === undefined) return undefined;
  return {
    kind: frame.kind,
    shard: frame.shard,
    stamp: stampOf(bytes, start),
    proof,
    bytes: bytes.subarray(payloadAt + recordPrefixBytes, payloadAt + frame.payloadBytes),
  };
}
