/**
 * The log as it stands on the disk, for reading only: no recovery, no lock, nothing written. A
 * torn tail is where it ends; damage in front of that is thrown, as `Log.iterate` promises.
 *
 * Beside a running server this shows everything up to the last whole frame.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { ReadDisk } from '../io/disk.js';
import { LogCorruptError, logCorrupt } from '../log/failure.js';
import { markKind, type SegmentHeader, segmentHeaderBytes } from '../log/format.js';
import { readEntry } from '../log/frame.js';
import {
  findProof,
  type LocatedFrame,
  readFrames,
  type SegmentSource,
} from '../log/frame_reader.js';
import type { Log, LogRecord } from '../log/log.js';
import { noLog } from './no_log.js';
import { listSegments, openSegment, type SegmentFile } from './segment_files.js';

/** A log that can only be iterated. */
export type IterableLog = Pick<Log, 'iterate'> & {
  readonly databaseId: string;
  readonly logId: string;
  /** Bytes of all segments. */
  readonly bytes: number;
};

interface Segment {
  readonly segment: SegmentFile;
  readonly header: SegmentHeader;
  readonly bytes: number;
}

/** Reads the headers of all segments. `not_found`: there is no log in the directory. */
export const openReadOnlyLog = async (
  disk: ReadDisk,
  directory: string,
): Promise<Outcome<IterableLog>> => {
  const segments: Segment[] = [];
  const files = (await disk.exists(directory)) ? await listSegments(disk, directory) : [];
  for (const [index, segment] of files.entries()) {
    const { file, bytes, header } = await openSegment(disk, segment);
    await file.close();
    if (header.type === 'header') {
      segments.push({ segment, header: header.header, bytes });
      continue;
    }
    if (header.type === 'too_new') return fail(tooNew(segment, header.version));
    // The file of a segment that was only just begun holds nothing that was acknowledged.
    const begun = index === files.length - 1 && index > 0 && bytes <= segmentHeaderBytes;
    const place = { segmentOffset: segment.firstOffset, offset: segment.firstOffset };
    if (!begun) return fail(logCorrupt(place, header.reason));
  }
  const [first] = segments;
  if (first === undefined) {
    return fail(noLog(directory));
  }
  const { databaseId, logId } = first.header;
  return ok({
    databaseId,
    logId,
    bytes: segments.reduce((sum, { bytes }) => sum + bytes, 0),
    iterate: ({ sequence, shard }) => iterate(disk, segments, sequence, shard),
  });
};

const tooNew = (segment: SegmentFile, version: number) =>
  ({
    code: 'format_too_new',
    detail: `Segment ${segment.name} has format ${version}, which this version does not know.`,
  }) as const;

async function* iterate(
  disk: ReadDisk,
  segments: readonly Segment[],
  fromSequence: number,
  shard: number | undefined,
): AsyncGenerator<readonly LogRecord[]> {
  for (const [index, { segment, header }] of segments.entries()) {
    const following = segments[index + 1];
    if (following !== undefined && following.header.firstSequence <= fromSequence) continue;
    const file = await disk.open(segment.path, 'read');
    try {
      const source = { file, number: header.number, endPosition: await file.size() };
      const frames = readFrames(source, segmentHeaderBytes, header.firstSequence);
      let step = await frames.next();
      for (; step.done !== true; step = await frames.next()) {
        const records = step.value.flatMap((frame) => recordOf(frame, segment.firstOffset));
        const wanted = records.filter(
          (record) =>
            record.sequence >= fromSequence &&
            (shard === undefined || record.shard === shard || record.shard === 0xffff),
        );
        if (wanted.length > 0) yield wanted;
      }
      const { fault, position, nextSequence } = step.value;
      if (fault === undefined) continue;
      await throwIfDamaged(source, segment, { fault, position, nextSequence }, following);
    } finally {
      await file.close();
    }
  }
}

const throwIfDamaged = async (
  source: SegmentSource,
  segment: SegmentFile,
  end: { readonly fault: string; readonly position: number; readonly nextSequence: number },
  following: Segment | undefined,
): Promise<void> => {
  const isTorn =
    following === undefined &&
    (await findProof(source, end.position, end.nextSequence)) === undefined;
  if (isTorn) return;
  const { firstOffset } = segment;
  const place = { segmentOffset: firstOffset, offset: firstOffset + end.position };
  throw new LogCorruptError(logCorrupt(place, end.fault));
};

const recordOf = (located: LocatedFrame, firstOffset: number): readonly LogRecord[] => {
  const { frame, buffer, start, position } = located;
  if (frame.kind === markKind) return [];
  const entry = readEntry(buffer, start, frame);
  const offset = firstOffset + position;
  if (entry === undefined) {
    const place = { segmentOffset: firstOffset, offset };
    throw new LogCorruptError(logCorrupt(place, 'a proof that no version ever wrote'));
  }
  return [{ ...entry, sequence: frame.sequence, offset }];
};
