/**
 * Opens the log of a directory: checks that the segments follow on each other, recovers the last
 * one, and hands out a log that can be written. Time does not grow with the retained log beyond
 * one look at the size of each of the newest segments.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Disk, DiskFile } from '../io/disk.js';
import { logCorrupt, openFailed } from './failure.js';
import {
  decodeSegmentHeader,
  frameHeaderBytes,
  framePayloadBytesMax,
  hashOfFrame,
  offsetOfName,
  type SegmentHeader,
  segmentHeaderBytes,
  segmentName,
} from './format.js';
import type { Log } from './log.js';
import type { LogMetrics } from './metrics.js';
import { type Cut, copySuffix, recoverSegment } from './recovery.js';
import { readHeaderBytes, readSegmentHeader, SegmentFiles } from './segment_files.js';
import { createSegment } from './segment_writer.js';
import { SegmentedLog, type SegmentedLogState } from './segmented_log.js';

/** Files whose size is checked at the start: 64 GiB of log; `verify` checks them all. */
const segmentsCheckedMax = 1024;

/** 64 MiB: small enough to copy at once after a crash, large enough that there are few files. */
const segmentBytesMax = 64 * 1024 * 1024;

/** Below this much free space nothing is written, so that ENOSPC stays an exception. */
const freeBytesMin = 256 * 1024 * 1024;

export interface LogOptions {
  /** Holds the segments; must exist, and be locked by the caller. */
  readonly directory: string;
  /** 32 hex digits each, see `identity.ts`. */
  readonly databaseId: string;
  readonly logId: string;
  /** Last sequence that the store's checkpoint or a signed tree checkpoint shows to be durable. */
  readonly provenSequence?: number;
  readonly segmentBytesMax?: number;
  readonly freeBytesMin?: number;
  /** What is made of the log is written there, and needs the same room. */
  readonly viewDirectories?: readonly string[];
  readonly metrics?: LogMetrics;
}

/** What was found at the start. */
export interface OpenReport {
  readonly cleanStop: boolean;
  /** The torn tail, when there was one. */
  readonly cut: Cut | undefined;
  readonly segments: number;
  readonly bytes: number;
  readonly lastSequence: number;
  readonly seconds: number;
}

export interface OpenedLog {
  readonly log: Log;
  readonly report: OpenReport;
}

export async function openLog(
  disk: Disk,
  clock: Clock,
  options: LogOptions,
): Promise<Outcome<OpenedLog>> {
  const startedMs = clock.monotonicMs();
  try {
    const found = await findSegments(disk, options);
    if (!found.ok) return found;
    const state = await openLast(disk, clock, options, found.value.offsets);
    if (!state.ok) return state;
    const { recovered, ...rest } = state.value;
    const limits = {
      segmentBytesMax: options.segmentBytesMax ?? segmentBytesMax,
      freeBytesMin: options.freeBytesMin ?? freeBytesMin,
    };
    const log = new SegmentedLog(disk, clock, { ...options, ...limits }, rest);
    const seconds = (clock.monotonicMs() - startedMs) / 1000;
    options.metrics?.recovered?.(seconds);
    return ok({
      log,
      report: {
        cleanStop: recovered.cleanStop,
        cut: recovered.cut ?? found.value.cut,
        ...log.usage,
        lastSequence: log.lastSequence,
        seconds,
      },
    });
  } catch (error) {
    return fail(openFailed(options.directory, error));
  }
}

interface Found {
  readonly offsets: readonly number[];
  readonly cut: Cut | undefined;
}

/** The segments by first offset; what an interrupted recovery or rotation left is removed. */
async function findSegments(disk: Disk, options: LogOptions): Promise<Outcome<Found>> {
  const { directory } = options;
  const names = await disk.list(directory);
  for (const name of names) {
    if (name.endsWith(`.wal${copySuffix}`)) await disk.remove(join(directory, name));
  }
  const offsets = names.map(offsetOfName).filter((offset) => offset !== undefined);
  const cut = await removeUnfinished(disk, directory, offsets.at(-1));
  if (cut) offsets.pop();
  const first = offsets[0];
  if (first !== undefined && first !== 0) {
    return fail(logCorrupt({ segmentOffset: first, offset: first }, 'all before it is missing'));
  }
  const gap = await findGap(disk, directory, offsets.slice(-segmentsCheckedMax));
  return gap ? fail(gap) : ok({ offsets, cut: cut?.cutBytes ? cut : undefined });
}

/** A last segment without a frame and without a whole header is one whose making was cut off. */
async function removeUnfinished(
  disk: Disk,
  directory: string,
  offset: number | undefined,
): Promise<Cut | undefined> {
  if (offset === undefined) return undefined;
  const segment = segmentName(offset);
  const path = join(directory, segment);
  const file = await disk.open(path, 'read');
  const size = await file.size();
  const isBad = decodeSegmentHeader(readHeaderBytes(file)).type === 'bad';
  await file.close();
  if (!isBad || size > segmentHeaderBytes) return undefined;
  await disk.remove(path);
  await disk.syncDirectory(directory);
  return { segment, offset, cutBytes: size };
}

/** Each file must end where the next begins. */
async function findGap(
  disk: Disk,
  directory: string,
  offsets: readonly number[],
): Promise<StemeError | undefined> {
  for (const [index, offset] of offsets.entries()) {
    const next = offsets[index + 1];
    if (next === undefined) break;
    const file = await disk.open(join(directory, segmentName(offset)), 'read');
    const size = await file.size();
    await file.close();
    if (offset + size === next) continue;
    const place = { segmentOffset: offset, offset: Math.min(offset + size, next) };
    return logCorrupt(place, `the file has ${size} bytes, the next begins after ${next - offset}`);
  }
  return undefined;
}

type Opened = SegmentedLogState & {
  readonly recovered: { readonly cleanStop: boolean; readonly cut: Cut | undefined };
};

async function openLast(
  disk: Disk,
  clock: Clock,
  options: LogOptions,
  offsets: readonly number[],
): Promise<Outcome<Opened>> {
  const files = new SegmentFiles(disk, options.directory, options.databaseId, offsets);
  const proven = options.provenSequence ?? 0;
  const last = offsets.at(-1);
  if (last === undefined) return startFirst(disk, clock, options, files, proven);
  const header = await headerOf(disk, options, last);
  if (!header.ok) return header;
  const broken = checkBoundary(files, header.value);
  if (broken) return fail(broken);
  const recovered = await recoverSegment(disk, clock, files.path(last), header.value, proven);
  await files.close();
  if (!recovered.ok) return recovered;
  const { writer, nextSequence, newestStamp, lastFrame, isUnmarked } = recovered.value;
  const { cleanStop, cutBytes } = recovered.value;
  const cut =
    cutBytes === 0 ? undefined : { segment: segmentName(last), offset: writer.endOffset, cutBytes };
  return ok({
    files,
    writer,
    lastSequence: nextSequence - 1,
    newestStamp,
    lastFrame,
    isUnmarked,
    recovered: { cleanStop, cut },
  });
}

async function headerOf(
  disk: Disk,
  options: LogOptions,
  offset: number,
): Promise<Outcome<SegmentHeader>> {
  const file: DiskFile = await disk.open(join(options.directory, segmentName(offset)), 'read');
  try {
    return readSegmentHeader(readHeaderBytes(file), offset, options.databaseId);
  } finally {
    await file.close();
  }
}

async function startFirst(
  disk: Disk,
  clock: Clock,
  options: LogOptions,
  files: SegmentFiles,
  proven: number,
): Promise<Outcome<Opened>> {
  if (proven > 0) {
    const what = `there is no log, but records to ${proven} were durable`;
    return fail(logCorrupt({ segmentOffset: 0, offset: 0 }, what));
  }
  const header = {
    databaseId: options.databaseId,
    logId: options.logId,
    number: 1,
    firstOffset: 0,
    firstSequence: 1,
    previous: undefined,
    newestStamp: '0'.repeat(32),
  };
  // A start that failed may have left the name of the identity unsynced; no segment without it.
  await disk.syncDirectory(options.directory);
  const writer = await createSegment(disk, files.path(0), header, clock);
  if (!writer.ok) return writer;
  files.add(header);
  return ok({
    files,
    writer: writer.value,
    lastSequence: 0,
    newestStamp: header.newestStamp,
    lastFrame: undefined,
    isUnmarked: false,
    recovered: { cleanStop: true, cut: undefined },
  });
}

/** The frame that a header names as the one before it must stand at the end of the file before. */
function checkBoundary(files: SegmentFiles, header: SegmentHeader): StemeError | undefined {
  const { firstOffset, previous } = header;
  if (!previous) {
    if (firstOffset === 0) return undefined;
    return logCorrupt({ segmentOffset: firstOffset, offset: firstOffset }, 'its chain is cut');
  }
  const before = files.open(files.holderOf(previous.offset));
  if (!before.ok) return before.error;
  const length = firstOffset - previous.offset;
  const segmentOffset = before.value.header.firstOffset;
  const place = { segmentOffset, offset: previous.offset };
  if (before.value.header.number !== header.number - 1) {
    return logCorrupt(place, `it is number ${before.value.header.number} before ${header.number}`);
  }
  const isPossible =
    length >= frameHeaderBytes && length <= frameHeaderBytes + framePayloadBytesMax;
  if (!isPossible) return logCorrupt(place, 'the next segment names no frame as its last');
  const bytes = Buffer.alloc(length);
  const count = before.value.file.readSync(bytes, 0, length, previous.offset - segmentOffset);
  if (count === length && hashOfFrame(bytes).equals(previous.hash)) return undefined;
  return logCorrupt(place, 'its last frame is not the one that the next segment was chained to');
}
