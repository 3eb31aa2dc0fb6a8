/**
 * Reads a whole log without changing it and reports every fault: what `stemedb verify` says about
 * the log. May run beside a writer: what the writer has not synced yet counts as its torn tail.
 */
import { join } from 'node:path';
import type { StemeError } from '@stemedb/model';
import type { Disk } from '../io/disk.js';
import { logCorrupt } from './failure.js';
import {
  frameHeaderBytes,
  hashOfFrame,
  markKind,
  offsetOfName,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentName,
} from './format.js';
import { readEntry } from './frame.js';
import { findProof, type LocatedFrame, readFrames } from './frame_reader.js';
import type { LogRecord } from './log.js';
import { readHeaderBytes, readSegmentHeader } from './segment_files.js';

/** Faults named one by one; a log with more has one more that says so. */
const faultsMax = 100;

export interface LogVerification {
  readonly segments: number;
  readonly records: number;
  readonly lastSequence: number;
  /** Bytes at the end that were never shown to be durable; not damage. */
  readonly tornBytes: number;
  readonly faults: readonly StemeError[];
}

export interface VerifyOptions {
  readonly directory: string;
  readonly databaseId: string;
  /** Called with the good records, in order, chunk by chunk. */
  readonly onRecords?: (records: readonly LogRecord[]) => void | Promise<void>;
}

/** Rejects only with errors of the disk. */
export async function verifyLog(disk: Disk, options: VerifyOptions): Promise<LogVerification> {
  const names = await disk.list(options.directory);
  const offsets = names.map(offsetOfName).filter((offset) => offset !== undefined);
  const faults = new Faults();
  let at: Progress = { nextSequence: 1, records: 0, tornBytes: 0, previous: undefined };
  let expectedOffset = 0;
  for (const [index, firstOffset] of offsets.entries()) {
    if (firstOffset !== expectedOffset) {
      const place = { segmentOffset: firstOffset, offset: Math.min(firstOffset, expectedOffset) };
      faults.add(logCorrupt(place, `the segment before it should end here, at ${firstOffset}`));
      at = { ...at, previous: undefined };
    }
    const isLast = index === offsets.length - 1;
    const checked = await verifySegment(disk, options, { firstOffset, isLast, at, faults });
    at = checked.at;
    expectedOffset = firstOffset + checked.bytes;
  }
  return {
    segments: offsets.length,
    records: at.records,
    lastSequence: at.nextSequence - 1,
    tornBytes: at.tornBytes,
    faults: faults.all,
  };
}

class Faults {
  readonly all: StemeError[] = [];

  add(fault: StemeError): void {
    if (this.all.length < faultsMax) this.all.push(fault);
    else this.all[faultsMax] = { ...fault, detail: `More than ${faultsMax} faults were found.` };
  }
}

interface Progress {
  readonly nextSequence: number;
  readonly records: number;
  readonly tornBytes: number;
  /** The segment before, when it was whole. */
  readonly previous: { readonly number: number; readonly last: LastFrame | undefined } | undefined;
}

interface LastFrame {
  readonly offset: number;
  readonly hash: Buffer;
}

interface Step {
  readonly firstOffset: number;
  readonly isLast: boolean;
  readonly at: Progress;
  readonly faults: Faults;
}

async function verifySegment(
  disk: Disk,
  options: VerifyOptions,
  step: Step,
): Promise<{ readonly at: Progress; readonly bytes: number }> {
  const { firstOffset, isLast, at, faults } = step;
  const file = await disk.open(join(options.directory, segmentName(firstOffset)), 'read');
  try {
    const bytes = await file.size();
    const header = readSegmentHeader(readHeaderBytes(file), firstOffset, options.databaseId);
    if (!header.ok) {
      if (isLast && bytes <= segmentHeaderBytes && header.error.code === 'log_corrupt') {
        return { at: { ...at, tornBytes: bytes }, bytes };
      }
      faults.add(header.error);
      return { at: { ...at, previous: undefined }, bytes };
    }
    const broken = brokenChain(header.value, at);
    if (broken) faults.add(broken);
    const source = { file, number: header.value.number, endPosition: bytes };
    const frames = readFrames(source, segmentHeaderBytes, header.value.firstSequence);
    let last: LocatedFrame | undefined;
    for (;;) {
      const chunk = await frames.next();
      if (!chunk.done) {
        last = chunk.value.at(-1);
        await options.onRecords?.(recordsOf(chunk.value, firstOffset, faults));
        continue;
      }
      const { position, nextSequence, fault } = chunk.value;
      const records = at.records + nextSequence - header.value.firstSequence;
      const done = { ...at, nextSequence, records };
      if (fault === undefined) {
        const previous = { number: header.value.number, last: lastOf(last, firstOffset) };
        return { at: { ...done, previous }, bytes };
      }
      const isTorn = isLast && !(await findProof(source, position, nextSequence));
      if (isTorn) return { at: { ...done, tornBytes: bytes - position }, bytes };
      const place = { segmentOffset: firstOffset, offset: firstOffset + position };
      faults.add(logCorrupt(place, `the frame here is bad (${fault})`));
      return { at: { ...done, previous: undefined }, bytes };
    }
  } finally {
    await file.close();
  }
}

function lastOf(last: LocatedFrame | undefined, firstOffset: number): LastFrame | undefined {
  if (!last) return undefined;
  const end = last.start + frameHeaderBytes + last.frame.payloadBytes;
  return {
    offset: firstOffset + last.position,
    hash: hashOfFrame(last.buffer.subarray(last.start, end)),
  };
}

/** Held against the segment before, where that one was whole; damage is not reported twice. */
function brokenChain(header: SegmentHeader, at: Progress): StemeError | undefined {
  const place = { segmentOffset: header.firstOffset, offset: header.firstOffset };
  const { previous } = at;
  if (header.firstOffset === 0) return undefined;
  if (!previous) return undefined;
  if (header.number !== previous.number + 1 || header.firstSequence !== at.nextSequence) {
    return logCorrupt(place, 'the segment does not continue the one before it');
  }
  const { last } = previous;
  const isChained =
    last !== undefined &&
    header.previous?.offset === last.offset &&
    last.hash.equals(header.previous.hash);
  if (isChained) return undefined;
  return logCorrupt(place, 'the segment was chained to another frame than the last before it');
}

function recordsOf(
  frames: readonly LocatedFrame[],
  firstOffset: number,
  faults: Faults,
): readonly LogRecord[] {
  const records: LogRecord[] = [];
  for (const { frame, buffer, start, position } of frames) {
    if (frame.kind === markKind) continue;
    const offset = firstOffset + position;
    const entry = readEntry(buffer, start, frame);
    if (entry) records.push({ ...entry, sequence: frame.sequence, offset });
    else {
      const place = { segmentOffset: firstOffset, offset };
      faults.add(logCorrupt(place, 'the frame states an unknown kind of proof'));
    }
  }
  return records;
}
