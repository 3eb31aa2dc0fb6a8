/**
 * Brings the open segment to a known state (spec 4.3): finds its end, decides between a torn tail
 * and damage, and writes it anew, because pages whose sync failed or never was may read as valid
 * without being on the disk.
 */
import { dirname } from 'node:path';
import { fail, type HlcStamp, type Outcome, ok } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Disk, DiskFile } from '../io/disk.js';
import { logCorrupt } from './failure.js';
import { frameHeaderBytes, markKind, type SegmentHeader, segmentHeaderBytes } from './format.js';
import { isCleanMark, stampOf } from './frame.js';
import { type FramesEnd, findProof, type LocatedFrame, readFrames } from './frame_reader.js';
import { SegmentWriter, writeWhole } from './segment_writer.js';

/** Ends the name of a segment that is being written anew; without meaning until renamed. */
export const copySuffix = '.copy';

const copyChunkBytes = 1024 * 1024;

/** What was not whole at the end of the log and never acknowledged. */
export interface Cut {
  /** File name. */
  readonly segment: string;
  /** Where the log ends now, counted through all segments. */
  readonly offset: number;
  readonly cutBytes: number;
}

export interface FrameExtent {
  readonly position: number;
  readonly bytes: number;
}

export interface Recovered {
  readonly writer: SegmentWriter;
  readonly nextSequence: number;
  readonly newestStamp: string;
  readonly lastFrame: FrameExtent | undefined;
  /** True when the last frame is a record. */
  readonly isUnmarked: boolean;
  readonly cleanStop: boolean;
  readonly cutBytes: number;
}

/** What the frames of a segment amount to. */
interface Scan extends FramesEnd {
  readonly newestStamp: string;
  readonly last: LocatedFrame | undefined;
}

async function scan(file: DiskFile, size: number, header: SegmentHeader): Promise<Scan> {
  const source = { file, number: header.number, endPosition: size };
  const frames = readFrames(source, segmentHeaderBytes, header.firstSequence);
  let newestStamp = header.newestStamp;
  let last: LocatedFrame | undefined;
  for (;;) {
    const step = await frames.next();
    if (step.done) return { ...step.value, newestStamp, last };
    for (const frame of step.value) {
      last = frame;
      if (frame.frame.kind === markKind) continue;
      const stamp: HlcStamp = stampOf(frame.buffer, frame.start);
      if (stamp > newestStamp) newestStamp = stamp;
    }
  }
}

/**
 * Recovers the open segment at `path`. `provenSequence` is the last sequence that somebody else,
 * such as the store's checkpoint, knows to have been durable.
 */
export async function recoverSegment(
  disk: Disk,
  clock: Clock,
  path: string,
  header: SegmentHeader,
  provenSequence: number,
): Promise<Outcome<Recovered>> {
  const file = await disk.open(path, 'write');
  try {
    const size = await file.size();
    const found = await scan(file, size, header);
    const damage = await damageAt(file, size, header, found, provenSequence);
    if (damage !== undefined) {
      await file.close();
      const place = {
        segmentOffset: header.firstOffset,
        offset: header.firstOffset + found.position,
      };
      return fail(logCorrupt(place, damage));
    }
    const cutBytes = size - found.position;
    const cleanStop = cutBytes === 0 && found.last !== undefined && isCleanMark(found.last.frame);
    // After a clean mark as well: that it is there to be read does not say that it was synced.
    const kept = await rewrite(disk, path, file, found.position);
    return ok({
      writer: new SegmentWriter(header, kept, found.position, clock),
      nextSequence: found.nextSequence,
      newestStamp: found.newestStamp,
      lastFrame: extentOf(found.last),
      isUnmarked: found.last !== undefined && found.last.frame.kind !== markKind,
      cleanStop,
      cutBytes,
    });
  } catch (error) {
    await file.close().catch(() => undefined);
    throw error;
  }
}

function extentOf(frame: LocatedFrame | undefined): FrameExtent | undefined {
  if (!frame) return undefined;
  return { position: frame.position, bytes: frameHeaderBytes + frame.frame.payloadBytes };
}

/** What shows that the bad or missing frame at the end of the scan was durable. */
async function damageAt(
  file: DiskFile,
  size: number,
  header: SegmentHeader,
  found: Scan,
  provenSequence: number,
): Promise<string | undefined> {
  const { fault, position, nextSequence } = found;
  const what = fault === undefined ? 'the log ends here' : `the frame here is bad (${fault})`;
  if (provenSequence >= nextSequence) {
    return `${what} before record ${nextSequence}, but records to ${provenSequence} were durable`;
  }
  if (fault === undefined) return undefined;
  const source = { file, number: header.number, endPosition: size };
  const proof = await findProof(source, position, nextSequence);
  if (!proof) return undefined;
  const proofOffset = header.firstOffset + proof.position;
  return `${what}, and the frame at offset ${proofOffset} was written later`;
}

/**
 * Copies the good part beside the file, synced, and puts it in its place; gives the new file. Only
 * so is what can be read known to be on the disk. Rejects with errors of the disk.
 */
export async function rewrite(
  disk: Disk,
  path: string,
  from: DiskFile,
  bytes: number,
): Promise<DiskFile> {
  const to = await disk.open(path + copySuffix, 'create');
  try {
    const chunk = Buffer.allocUnsafeSlow(Math.min(copyChunkBytes, bytes));
    for (let position = 0; position < bytes; ) {
      const count = await from.read(chunk, 0, Math.min(chunk.length, bytes - position), position);
      if (count === 0) throw new Error(`${path} became shorter while it was copied`);
      const written = await writeWhole(to, chunk.subarray(0, count), position);
      if (!written.ok) throw written.error.cause;
      position += count;
    }
    await to.datasync();
    await disk.rename(path + copySuffix, path);
    await disk.syncDirectory(dirname(path));
  } catch (error) {
    await to.close().catch(() => undefined);
    throw error;
  }
  await from.close();
  return to;
}
