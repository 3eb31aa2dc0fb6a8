/** One record by its place, read at once: most are in the page cache. */
import { fail, type Outcome, ok } from '@stemedb/model';
import { logCorrupt } from './failure.js';
import { fillSync } from './fill.js';
import { frameHeaderBytes, markKind } from './format.js';
import { checkFrame, claimedFrameBytes, readEntry } from './frame.js';
import type { LogRecord } from './log.js';
import type { OpenSegment, SegmentFiles } from './segment_files.js';

/** One system call gets a usual record whole; a longer one costs a second. */
const guessBytes = 2048;

export function readRecord(
  files: SegmentFiles,
  endOffset: number,
  sequence: number,
  offset: number,
): Outcome<LogRecord> {
  const segmentOffset = files.holderOf(offset);
  const place = { segmentOffset, offset };
  const opened = files.open(segmentOffset);
  if (!opened.ok) return opened;
  const position = offset - segmentOffset;
  const available = (files.next(segmentOffset) ?? endOffset) - offset;
  let bytes: Buffer;
  try {
    bytes = readFrameBytes(opened.value, position, available);
  } catch (error) {
    return fail(logCorrupt(place, 'the disk cannot read it', error));
  }
  const frame = checkFrame(bytes, 0, opened.value.header.number);
  if (typeof frame === 'string') return fail(logCorrupt(place, `the frame is bad (${frame})`));
  if (frame.sequence !== sequence || frame.kind === markKind) {
    const what = frame.kind === markKind ? 'a mark' : `record ${frame.sequence}`;
    return fail(logCorrupt(place, `${what} stands where record ${sequence} belongs`));
  }
  const entry = readEntry(bytes, 0, frame);
  if (!entry) return fail(logCorrupt(place, 'the frame states an unknown kind of proof'));
  return ok({ ...entry, sequence, offset });
}

/** The frame at `position`, or what there is of it. */
function readFrameBytes(segment: OpenSegment, position: number, available: number): Buffer {
  const first = readAt(segment, position, Math.min(guessBytes, available));
  if (first.length < frameHeaderBytes) return first;
  const claimed = claimedFrameBytes(first, 0);
  if (claimed === undefined || claimed <= first.length || claimed > available) return first;
  return readAt(segment, position, claimed);
}

function readAt(segment: OpenSegment, position: number, length: number): Buffer {
  return fillSync(segment.file, Buffer.allocUnsafe(length), position);
}
