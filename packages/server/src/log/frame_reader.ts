/**
 * Reads the frames of one segment in order, in chunks, and stops at the first that is bad, missing
 * or out of sequence. Memory: one chunk, or one frame where that is larger.
 */
import type { DiskFile } from '../io/disk.js';
import { fill } from './fill.js';
import { frameHeaderBytes, frameMagicBytes, framePayloadBytesMax, markKind } from './format.js';
import { checkFrame, claimedFrameBytes, type Frame, type FrameFault } from './frame.js';

/** Large enough that the system call costs little beside the CRC, small enough to forget. */
const defaultChunkBytes = 1024 * 1024;

export interface SegmentSource {
  readonly file: Pick<DiskFile, 'read'>;
  readonly number: number;
  /** Bytes of the file that may be read. */
  readonly endPosition: number;
}

export interface LocatedFrame {
  readonly frame: Frame;
  /** Position of the frame in its file. */
  readonly position: number;
  /** The bytes it stands in, and where; valid as long as anybody holds them. */
  readonly buffer: Buffer;
  readonly start: number;
}

export interface FramesEnd {
  /** Position after the last good frame: the first bad one, or the end. */
  readonly position: number;
  /** Sequence that the next record has to have. */
  readonly nextSequence: number;
  /** Why the reading stopped before the end. */
  readonly fault: FrameFault | 'out of sequence' | undefined;
}

/**
 * Yields the frames from `position`, chunk by chunk; `nextSequence` is the one that the first
 * record must have (a first mark must have the one before). Rejects only with errors of the disk.
 */
export async function* readFrames(
  source: SegmentSource,
  position: number,
  nextSequence: number,
  chunkBytes: number = defaultChunkBytes,
): AsyncGenerator<readonly LocatedFrame[], FramesEnd> {
  let at = position;
  let expected = nextSequence;
  let wanted = chunkBytes;
  while (at < source.endPosition) {
    const buffer = await readAt(source, at, Math.min(wanted, source.endPosition - at));
    const parsed = parseChunk(buffer, at, source.number, expected);
    if (parsed.frames.length > 0) yield parsed.frames;
    at += parsed.consumed;
    expected = parsed.nextSequence;
    const remaining = buffer.length - parsed.consumed;
    const needed = parsed.fault === 'cut short' ? missingBytes(buffer, parsed.consumed) : undefined;
    const more = needed !== undefined && needed > remaining && at + needed <= source.endPosition;
    if (parsed.fault !== undefined && !more) {
      return { position: at, nextSequence: expected, fault: parsed.fault };
    }
    wanted = Math.max(chunkBytes, needed ?? 0);
  }
  return { position: at, nextSequence: expected, fault: undefined };
}

/** Bytes that a frame cut off by the chunk needs; undefined when it cannot be a frame at all. */
function missingBytes(buffer: Buffer, start: number): number | undefined {
  if (buffer.length - start < frameHeaderBytes) return frameHeaderBytes;
  return claimedFrameBytes(buffer, start);
}

/** Fills a fresh buffer; shorter when the file ends first. */
function readAt(source: SegmentSource, position: number, length: number): Promise<Buffer> {
  return fill(source.file, Buffer.allocUnsafeSlow(length), position);
}

function parseChunk(buffer: Buffer, position: number, segmentNumber: number, expected: number) {
  const frames: LocatedFrame[] = [];
  let nextSequence = expected;
  let start = 0;
  let fault: FramesEnd['fault'];
  while (start < buffer.length) {
    const frame = checkFrame(buffer, start, segmentNumber);
    if (typeof frame === 'string') {
      fault = frame;
      break;
    }
    const isMark = frame.kind === markKind;
    if (frame.sequence !== (isMark ? nextSequence - 1 : nextSequence)) {
      fault = 'out of sequence';
      break;
    }
    frames.push({ frame, position: position + start, buffer, start });
    start += frameHeaderBytes + frame.payloadBytes;
    if (!isMark) nextSequence += 1;
  }
  if (start === 0 && buffer.length === 0) fault = 'cut short';
  return { frames, nextSequence, consumed: start, fault };
}

/** A window holds every frame that begins in its first half. */
const windowHalfBytes = frameHeaderBytes + framePayloadBytesMax;

/**
 * Looks through everything after the bad frame at `position` for a frame that could only have been
 * written once that one was durable. Each append is one batch or one mark and is synced before the
 * next begins, so such a frame is one of a later append: it says so by `durable`, or, when the bad
 * one was a mark, by having the very sequence that was to come.
 */
export async function findProof(
  source: SegmentSource,
  position: number,
  nextSequence: number,
): Promise<{ readonly position: number } | undefined> {
  for (let base = position; base < source.endPosition; base += windowHalfBytes) {
    const length = Math.min(2 * windowHalfBytes, source.endPosition - base);
    const window = await readAt(source, base, length);
    let at = window.indexOf(frameMagicBytes, base === position ? 1 : 0);
    while (at >= 0 && at < windowHalfBytes) {
      const frame = checkFrame(window, at, source.number);
      if (typeof frame !== 'string' && provesDurable(frame, nextSequence)) {
        return { position: base + at };
      }
      at = window.indexOf(frameMagicBytes, at + 1);
    }
  }
  return undefined;
}

function provesDurable(frame: Frame, nextSequence: number): boolean {
  if (frame.kind === markKind) return frame.sequence >= nextSequence - 1;
  return frame.sequence === nextSequence || frame.durable >= nextSequence;
}
