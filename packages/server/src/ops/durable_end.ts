/**
 * How far a log is durable, seen from beside it: what a copy of its files may hold. The server is
 * not asked and need not run.
 *
 * Every append ends with a sync before the next begins (`log/SPEC.md`), so everything in front of
 * the last append that is in the file is durable, and nothing else is shown to be. A log that is
 * idle appends a mark within 100 ms, so the proof of the last records soon stands behind them.
 * Where none comes and no process has the directory, the last whole frame is the end: the file is
 * synced here first, and the next start keeps what is whole.
 *
 * A segment is sealed once the one after it holds a frame: that one's header and name are durable
 * before its first frame is written, and nothing is appended to the one before any more.
 */
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { tryLockDirectory } from '../log/directory.js';
import { logCorrupt } from '../log/failure.js';
import { markKind, type SegmentHeader, segmentHeaderBytes } from '../log/format.js';
import { findProof, type LocatedFrame, readFrames } from '../log/frame_reader.js';
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
  /** What is known already: segments before this one are left out, and frames are not read. */
  readonly from?: FramePlace & { readonly firstOffset: number };
}

/** Rejects with errors of the disk; `log_corrupt` for what cannot be a log. */
export const durableEnd = async (input: DurableEndInput): Promise<Outcome<DurableEnd>> => {
  const { disk, directory, sleep, from } = input;
  const found = await segmentsOf(disk, directory, from?.firstOffset ?? 0);
  if (!found.ok) return found;
  const open = found.value.at(-1);
  if (open === undefined) return ok({ segments: [], lastSequence: 0 });
  const isKnown = from?.firstOffset === open.file.firstOffset;
  const begin = isKnown && from.position > segmentHeaderBytes ? from : startOf(open.header);
  const sealed = found.value.slice(0, -1).map((segment) => ({ ...segment, isSealed: true }));
  let scan = await scanOpen(disk, open, begin);
  if (!scan.ok) return scan;
  const wanted = scan.value.whole.nextSequence;
  for (let waitedMs = 0; scan.value.proven.nextSequence < wanted; waitedMs += pauseMs) {
    if (waitedMs >= proofWithinMs) {
      scan = await endOfStopped(disk, directory, open, scan.value);
      if (!scan.ok) return scan;
      break;
    }
    await sleep(pauseMs);
    scan = await scanOpen(disk, open, scan.value.proven);
    if (!scan.ok) return scan;
  }
  const { position, nextSequence } = scan.value.proven;
  const last = { ...open, bytes: position, isSealed: false };
  return ok({ segments: [...sealed, last], lastSequence: nextSequence - 1 });
};

interface FoundSegment {
  readonly file: SegmentFile;
  readonly header: SegmentHeader;
  readonly bytes: number;
}

/** All but a last one without frames: that may have been made a moment ago, or not quite. */
const segmentsOf = async (
  disk: Disk,
  directory: string,
  fromOffset: number,
): Promise<Outcome<readonly FoundSegment[]>> => {
  const files = (await disk.exists(directory)) ? await listSegments(disk, directory) : [];
  const wanted = files.filter(({ firstOffset }) => firstOffset >= fromOffset);
  const found: FoundSegment[] = [];
  for (const [index, file] of wanted.entries()) {
    const { file: handle, bytes, header } = await openSegment(disk, file);
    await handle.close();
    const isLast = index === wanted.length - 1;
    if (isLast && index > 0 && bytes <= segmentHeaderBytes) break;
    if (header.type === 'too_new') return fail(tooNew(file, header.version));
    if (header.type === 'bad') return fail(damaged(file, 0, header.reason));
    found.push({ file, header: header.header, bytes });
  }
  const last = found.at(-1);
  if (last === undefined || found.length === 1) return ok(found);
  const first = await scanOpen(disk, last, startOf(last.header));
  if (!first.ok) return first;
  return ok(first.value.whole.position > segmentHeaderBytes ? found : found.slice(0, -1));
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

/** Reads the frames from a place that is proven itself. */
const scanOpen = async (
  disk: Disk,
  { file, header }: FoundSegment,
  from: FramePlace,
): Promise<Outcome<Scan>> => {
  const handle = await disk.open(file.path, 'read');
  try {
    const source = { file: handle, number: header.number, endPosition: await handle.size() };
    const frames = readFrames(source, from.position, from.nextSequence);
    let proven = from;
    let step = await frames.next();
    for (; step.done !== true; step = await frames.next()) {
      for (const frame of step.value) proven = beginsAppend(frame) ?? proven;
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
    const handle = await disk.open(open.file.path, 'read');
    await handle.datasync().finally(() => handle.close());
    const again = await scanOpen(disk, open, scan.proven);
    return again.ok ? ok({ ...again.value, proven: again.value.whole }) : again;
  } finally {
    await lock.release();
  }
};

const damaged = ({ firstOffset }: SegmentFile, position: number, what: string): StemeError =>
  logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + position }, what);

const tooNew = ({ name }: SegmentFile, version: number): StemeError => ({
  code: 'format_too_new',
  detail: `Segment ${name} has format ${version}, which this version does not know.`,
});
