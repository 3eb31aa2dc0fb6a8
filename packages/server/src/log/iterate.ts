/** Records in order, through all segments, each boundary checked against the chain of hashes. */
import type { Disk } from '../io/disk.js';
import { LogCorruptError, logCorrupt } from './failure.js';
import { hashOfFrame, markKind, type SegmentHeader, segmentHeaderBytes } from './format.js';
import { readEntry } from './frame.js';
import { type FramesEnd, type LocatedFrame, readFrames } from './frame_reader.js';
import { allShards, type LogRecord } from './log.js';
import type { SegmentFiles } from './segment_files.js';

export interface IterateFrom {
  readonly sequence: number;
  readonly offset?: number;
  readonly shard?: number;
  readonly chunkBytes?: number;
}

/** How far the log is durable at the moment of asking. */
export interface LogEnd {
  readonly offset: number;
  readonly sequence: number;
}

export async function* iterateRecords(
  disk: Disk,
  files: SegmentFiles,
  end: () => LogEnd,
  from: IterateFrom,
): AsyncGenerator<readonly LogRecord[]> {
  if (from.sequence > end().sequence) return;
  let at = startOf(files, from);
  const select = selector(from);
  for (;;) {
    const { offset: endOffset } = end();
    if (at.offset >= endOffset) return;
    const segmentOffset = files.holderOf(at.offset);
    if (at.offset === segmentOffset) {
      // The end of a segment, also one that was the last while it was read.
      checkChain(headerOf(files, segmentOffset), at, files.holderOf(segmentOffset - 1));
      at = { offset: segmentOffset + segmentHeaderBytes, sequence: at.sequence, last: undefined };
      continue;
    }
    const stop = files.next(segmentOffset) ?? endOffset;
    const walk = { disk, files, segmentOffset, stop, chunkBytes: from.chunkBytes };
    at = yield* walkSegment(walk, at, select);
  }
}

/** Where the reading stands: the next frame, and the one before it when there was one. */
interface Reading {
  readonly offset: number;
  /** Sequence of the next record. */
  readonly sequence: number;
  readonly last: LocatedFrame | undefined;
}

function startOf(files: SegmentFiles, from: IterateFrom): Reading {
  if (from.offset !== undefined) {
    return { offset: from.offset, sequence: from.sequence, last: undefined };
  }
  const holder = files.holderOfSequence(from.sequence);
  if (!holder.ok) throw new LogCorruptError(holder.error);
  const { firstSequence } = headerOf(files, holder.value);
  return { offset: holder.value + segmentHeaderBytes, sequence: firstSequence, last: undefined };
}

function headerOf(files: SegmentFiles, segmentOffset: number): SegmentHeader {
  const header = files.header(segmentOffset);
  if (!header.ok) throw new LogCorruptError(header.error);
  return header.value;
}

interface Walk {
  readonly disk: Disk;
  readonly files: SegmentFiles;
  readonly segmentOffset: number;
  /** Offset up to which this segment may be read. */
  readonly stop: number;
  readonly chunkBytes: number | undefined;
}

type Select = (frame: LocatedFrame) => boolean;

function selector(from: IterateFrom): Select {
  const { sequence, shard } = from;
  return ({ frame }) =>
    frame.kind !== markKind &&
    frame.sequence >= sequence &&
    (shard === undefined || frame.shard === shard || frame.shard === allShards);
}

/** Yields what is selected in one segment; the file is its own, so nothing closes it meanwhile. */
async function* walkSegment(
  walk: Walk,
  from: Reading,
  select: Select,
): AsyncGenerator<readonly LogRecord[], Reading> {
  const { segmentOffset, stop, chunkBytes } = walk;
  const { number } = headerOf(walk.files, segmentOffset);
  const file = await openForReading(walk);
  try {
    const source = { file, number, endPosition: stop - segmentOffset };
    const start = from.offset - segmentOffset;
    const frames = readFrames(source, start, from.sequence, chunkBytes);
    let last = from.last;
    for (;;) {
      const step = await readStep(frames, segmentOffset, last);
      if (step.done) {
        const { position, nextSequence, fault } = step.value;
        const offset = segmentOffset + position;
        if (fault === undefined) return { offset, sequence: nextSequence, last };
        const what = `the frame is bad (${fault}) where record ${nextSequence} was to come`;
        throw new LogCorruptError(logCorrupt({ segmentOffset, offset }, what));
      }
      last = step.value.at(-1);
      const records = step.value.filter(select).map((frame) => toRecord(frame, segmentOffset));
      if (records.length > 0) yield records;
    }
  } finally {
    await file.close();
  }
}

async function openForReading(walk: Walk) {
  const { segmentOffset } = walk;
  try {
    return await walk.disk.open(walk.files.path(segmentOffset), 'read');
  } catch (error) {
    const place = { segmentOffset, offset: segmentOffset };
    throw new LogCorruptError(logCorrupt(place, 'the file cannot be opened', error));
  }
}

async function readStep(
  frames: AsyncGenerator<readonly LocatedFrame[], FramesEnd>,
  segmentOffset: number,
  last: LocatedFrame | undefined,
) {
  try {
    return await frames.next();
  } catch (error) {
    const offset = segmentOffset + (last?.position ?? 0);
    const what = 'the disk cannot read what follows';
    throw new LogCorruptError(logCorrupt({ segmentOffset, offset }, what, error));
  }
}

function toRecord(located: LocatedFrame, segmentOffset: number): LogRecord {
  const { frame, buffer, start, position } = located;
  const entry = readEntry(buffer, start, frame);
  const offset = segmentOffset + position;
  if (entry) return { ...entry, sequence: frame.sequence, offset };
  const what = 'the frame states an unknown kind of proof';
  throw new LogCorruptError(logCorrupt({ segmentOffset, offset }, what));
}

/** The next segment must name the frame that was just read as the one before it. */
function checkChain(next: SegmentHeader, at: Reading, segmentOffset: number): void {
  const { last } = at;
  const place = { segmentOffset: next.firstOffset, offset: next.firstOffset };
  if (next.firstSequence !== at.sequence) {
    const what = `the segment begins with record ${next.firstSequence}, not ${at.sequence}`;
    throw new LogCorruptError(logCorrupt(place, what));
  }
  if (!last || !next.previous) return;
  const end = at.offset - segmentOffset - last.position + last.start;
  const hash = hashOfFrame(last.buffer.subarray(last.start, end));
  if (segmentOffset + last.position === next.previous.offset && hash.equals(next.previous.hash)) {
    return;
  }
  const what = 'the segment was chained to another frame than the last of the one before';
  throw new LogCorruptError(logCorrupt(place, what));
}
