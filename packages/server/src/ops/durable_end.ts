/**
 * How far a log is durable, seen from beside it: what a copy of its files may hold. The server is
 * not asked and need not run.
 *
 * Every append ends with a sync before the next begins (`log/SPEC.md`), so everything in front of
 * the last append that is in the file is durable. So is what a signed checkpoint covers, and all
 * that stands in front of the header of a next segment. A log that is idle appends a mark within
 * 100 ms, so the proof of the last records soon stands behind them. Where none comes and no process
 * has the directory, the last whole frame is the end: the file is written anew first, as a start
 * would, because what can be read after a failed sync need not be on the disk.
 *
 * A segment is sealed once the one after it holds a frame: that one's header and name are durable
 * before its first frame is written, and nothing is appended to the one before any more.
 */
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { tryLockDirectory } from '../log/directory.js';
import { logCorrupt } from '../log/failure.js';
import {
  frameHeaderBytes,
  markKind,
  type SegmentHeader,
  segmentHeaderBytes,
} from '../log/format.js';
import { findProof, type LocatedFrame, readFrames } from '../log/frame_reader.js';
import { copySuffix, rewrite } from '../log/recovery.js';
import { listSegments, openSegment, type SegmentFile } from './segment_files.js';

/** The server marks an idle log after 100 ms; one that does not within this time never will. */
const proofWithinMs = 2_000;
const pauseMs = 40;

export interface DurableSegment {
  readonly file: SegmentFile;
  readonly header: SegmentHeader;
  /** From the beginning of the file; what follows may be changed or taken back. */
  readonly bytes: number;
  /** True when nothing is appended to it any more. */
  readonly isSealed: boolean;
}

export interface DurableEnd {
  /** In order; the last is the open one. Empty: there is no log. */
  readonly segments: readonly DurableSegment[];
  /** The last record in them. */
  readonly lastSequence: number;
  /** Whole records behind it that nothing has shown to be durable in the time that there was. */
  readonly unproven: number;
}

/** A place in the open segment from which frames can be read. */
interface FramePlace {
  readonly position: number;
  /** Sequence that the next record from there has. */
  readonly nextSequence: number;
}

export interface DurableEndInput {
  readonly disk: Disk;
  readonly directory: string;
  readonly sleep: (delayMs: number) => Promise<void>;
  /** The last record that is known to be durable: what the kept checkpoint was signed for. */
  readonly provenSequence?: number;
  /** True: nothing is written, so what nothing proves stays unproven, also when no process runs. */
  readonly isReadOnly?: boolean;
  /** What is known already: segments before this one are left out, and frames are not read. */
  readonly from?: FramePlace & { readonly firstOffset: number };
}

/** Rejects with errors of the disk; `log_corrupt` for what cannot be a log. */
export const durableEnd = async (input: DurableEndInput): Promise<Outcome<DurableEnd>> => {
  const { disk, directory, sleep, from, provenSequence = 0, isReadOnly = false } = input;
  const sealed: DurableSegment[] = [];
  let place = from;
  let wanted = 0;
  let firstOffset = from?.firstOffset ?? 0;
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    const found = await segmentsOf(disk, directory, firstOffset);
    if (!found.ok) return found;
    const { segments, provenOffset } = found.value;
    const open = segments.at(-1);
    if (open === undefined) return ok({ segments: [], lastSequence: 0, unproven: 0 });
    for (const segment of segments.slice(0, -1)) sealed.push({ ...segment, isSealed: true });
    firstOffset = open.file.firstOffset;
    const begin = isWithin(place, firstOffset) ? place : startOf(open.header);
    let scan = await scanOpen(disk, open, begin, { sequence: provenSequence, provenOffset });
    if (!scan.ok) return scan;
    // What is there at the first look is waited for; what comes meanwhile is not.
    if (waitedMs === 0) wanted = scan.value.whole.nextSequence;
    const isProven = scan.value.proven.nextSequence >= wanted;
    if (!isProven && waitedMs < proofWithinMs) {
      place = { ...scan.value.proven, firstOffset };
      await sleep(pauseMs);
      continue;
    }
    if (!isProven && !isReadOnly) {
      scan = await endOfStopped(disk, directory, open, scan.value);
      if (!scan.ok) return scan;
    }
    const { proven, whole } = scan.value;
    return ok({
      segments: [...sealed, { ...open, bytes: proven.position, isSealed: false }],
      lastSequence: proven.nextSequence - 1,
      // What came while it looked was not waited for.
      unproven: isProven ? 0 : whole.nextSequence - proven.nextSequence,
    });
  }
};

type KnownPlace = DurableEndInput['from'];

const isWithin = (place: KnownPlace, firstOffset: number): place is NonNullable<KnownPlace> =>
  place?.firstOffset === firstOffset && place.position > segmentHeaderBytes;

interface FoundSegment {
  readonly file: SegmentFile;
  readonly header: SegmentHeader;
  readonly bytes: number;
}

interface Found {
  readonly segments: readonly FoundSegment[];
  /** Everything in front of this offset is durable, since a next segment was begun there. */
  readonly provenOffset: number;
}

/** All but a last one without frames: that may have been made a moment ago, or not quite. */
const segmentsOf = async (
  disk: Disk,
  directory: string,
  fromOffset: number,
): Promise<Outcome<Found>> => {
  const files = (await disk.exists(directory)) ? await listSegments(disk, directory) : [];
  const wanted = files.filter(({ firstOffset }) => firstOffset >= fromOffset);
  const found: FoundSegment[] = [];
  let provenOffset = 0;
  for (const [index, file] of wanted.entries()) {
    const { file: handle, bytes, header } = await openSegment(disk, file);
    await handle.close();
    const isLast = index === wanted.length - 1;
    if (isLast && index > 0 && bytes <= segmentHeaderBytes) {
      if (header.type === 'header') provenOffset = header.header.firstOffset;
      break;
    }
    if (header.type === 'too_new') return fail(tooNew(file, header.version));
    if (header.type === 'bad') return fail(damaged(file, 0, header.reason));
    found.push({ file, header: header.header, bytes });
  }
  const last = found.at(-1);
  if (last === undefined || found.length === 1) return ok({ segments: found, provenOffset });
  const first = await scanOpen(disk, last, startOf(last.header), { sequence: 0, provenOffset: 0 });
  if (!first.ok) return first;
  if (first.value.whole.position > segmentHeaderBytes) return ok({ segments: found, provenOffset });
  return ok({ segments: found.slice(0, -1), provenOffset: last.file.firstOffset });
};

const startOf = ({ firstSequence }: SegmentHeader): FramePlace => ({
  position: segmentHeaderBytes,
  nextSequence: firstSequence,
});

interface Scan {
  /** Behind the last whole frame. */
  readonly whole: FramePlace;
  /** In front of the last append. */
  readonly proven: FramePlace;
}

/** What is known to be durable without a frame behind it. */
interface Known {
  readonly sequence: number;
  readonly provenOffset: number;
}

/** Reads the frames from a place that is proven itself. */
const scanOpen = async (
  disk: Disk,
  { file, header }: FoundSegment,
  from: FramePlace,
  known: Known,
): Promise<Outcome<Scan>> => {
  const handle = await disk.open(file.path, 'read');
  try {
    const source = { file: handle, number: header.number, endPosition: await handle.size() };
    const frames = readFrames(source, from.position, from.nextSequence);
    let proven = from;
    let step = await frames.next();
    for (; step.done !== true; step = await frames.next()) {
      for (const frame of step.value) {
        proven = beginsAppend(frame) ?? proven;
        if (isKnown(frame, file, known)) proven = placeBehind(frame);
      }
    }
    const { position, nextSequence, fault } = step.value;
    if (fault !== undefined && (await findProof(source, position, nextSequence)) !== undefined) {
      return fail(damaged(file, position, fault));
    }
    return ok({ whole: { position, nextSequence }, proven });
  } finally {
    await handle.close();
  }
};

/** The place of a frame that is the first of its append: a mark, or the first of its batch. */
const beginsAppend = ({ frame, position }: LocatedFrame): FramePlace | undefined => {
  if (frame.kind === markKind) return { position, nextSequence: frame.sequence + 1 };
  const isFirst = frame.sequence === frame.durable + 1;
  return isFirst ? { position, nextSequence: frame.sequence } : undefined;
};

/** A mark behind the last such record is not known to be durable itself. */
const isKnown = (located: LocatedFrame, { firstOffset }: SegmentFile, known: Known): boolean => {
  const { kind, sequence } = located.frame;
  if (kind !== markKind && sequence <= known.sequence) return true;
  return firstOffset + placeBehind(located).position <= known.provenOffset;
};

const placeBehind = ({ frame, position }: LocatedFrame): FramePlace => ({
  position: position + frameHeaderBytes + frame.payloadBytes,
  nextSequence: frame.sequence + 1,
});

/** Of a directory that a process has, no more is known than what was proven. */
const endOfStopped = async (
  disk: Disk,
  directory: string,
  open: FoundSegment,
  scan: Scan,
): Promise<Outcome<Scan>> => {
  const lock = await tryLockDirectory(disk, directory);
  if (lock === undefined) return ok(scan);
  try {
    await writeAnew(disk, open.file.path);
    const again = await scanOpen(disk, open, scan.proven, { sequence: 0, provenOffset: 0 });
    return again.ok ? ok({ ...again.value, proven: again.value.whole }) : again;
  } finally {
    await lock.release();
  }
};

/** All of it, also what is torn at its end: that is for the next start to judge and report. */
const writeAnew = async (disk: Disk, path: string): Promise<void> => {
  if (await disk.exists(path + copySuffix)) await disk.remove(path + copySuffix);
  const file = await disk.open(path, 'read');
  const size = await file.size();
  const kept = await rewrite(disk, path, file, size);
  await kept.close();
};

const damaged = ({ firstOffset }: SegmentFile, position: number, what: string): StemeError =>
  logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + position }, what);

const tooNew = ({ name }: SegmentFile, version: number): StemeError => ({
  code: 'format_too_new',
  detail: `Segment ${name} has format ${version}, which this version does not know.`,
});
