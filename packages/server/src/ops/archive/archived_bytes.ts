/**
 * Bytes of the open segment that are archived already and are read from the disk once more: to be
 * put again in a greater object, or to see that the log is the archived one. What has changed since
 * must not take the place of the good bytes.
 */
import { join } from 'node:path';
import type { StemeError } from '@stemedb/model';
import type { Disk } from '../../io/disk.js';
import { logCorrupt } from '../../log/failure.js';
import { segmentHeaderBytes, segmentName } from '../../log/format.js';
import { readFrames } from '../../log/frame_reader.js';
import { sha256Hex } from '../copied_file.js';
import { openSegment } from '../segment_files.js';
import type { ArchiveHead } from './head.js';

type OpenSegment = ArchiveHead['open'];

/** `log_corrupt` when bytes of the open segment, from `base` on, are not what was archived. */
export const changeSince = (
  { firstOffset, parts }: OpenSegment,
  base: number,
  bytes: Uint8Array,
): StemeError | undefined => {
  const changed = parts.find(({ start, bytes: length, sha256 }) => {
    const from = start - base;
    return from >= 0 && sha256Hex(bytes.subarray(from, from + length)) !== sha256;
  });
  if (changed === undefined) return undefined;
  const end = changed.start + changed.bytes;
  const what =
    `its bytes ${changed.start} to ${end} are not those that were archived; the archive keeps ` +
    'the good ones, and nothing was put in their place';
  return logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + changed.start }, what);
};

/** The first damage in the archived bytes of the open segment; a log that was set back has none. */
export const damageIn = async (
  disk: Disk,
  walDir: string,
  { firstOffset, bytes }: OpenSegment,
): Promise<StemeError | undefined> => {
  const corrupt = (position: number, what: string): StemeError =>
    logCorrupt({ segmentOffset: firstOffset, offset: firstOffset + position }, what);
  const name = segmentName(firstOffset);
  const found = await openSegment(disk, { path: join(walDir, name), name, firstOffset });
  try {
    if (found.header.type !== 'header') return corrupt(0, 'its header is bad');
    const { number, firstSequence } = found.header.header;
    const source = { file: found.file, number, endPosition: bytes };
    const frames = readFrames(source, segmentHeaderBytes, firstSequence);
    let step = await frames.next();
    while (step.done !== true) step = await frames.next();
    const { fault, position } = step.value;
    return fault === undefined ? undefined : corrupt(position, `the frame is bad (${fault})`);
  } finally {
    await found.file.close();
  }
};
