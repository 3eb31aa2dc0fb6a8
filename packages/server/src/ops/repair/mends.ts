/**
 * What of a damaged log directory a copy of the same log can put right. Segments only ever grow at
 * their end, so the bytes that a copy has of one are its true beginning, and what stands behind
 * them is taken from the file that is there. Whether the outcome is whole is not judged here.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { ReadDisk } from '../../io/disk.js';
import { segmentName } from '../../log/format.js';
import type { LogCopy } from '../log_copy.js';
import { listSegments, readBytes, type SegmentFile } from '../segment_files.js';
import type { Patches } from './patched_disk.js';

/**
 * Segments that differ from the copy's, with the bytes that they should have. `conflict` when one
 * in which no damage was found has other bytes than the copy: then one of the two was written by
 * somebody who went on with the log elsewhere, and neither says which.
 */
export const mendsFrom = async (
  disk: ReadDisk,
  directory: string,
  copy: Pick<LogCopy, 'disk' | 'directory'>,
  damaged: ReadonlySet<string>,
): Promise<Outcome<Patches>> => {
  const own = new Map(named(await listSegments(disk, directory)));
  const copied = new Map(named(await listSegments(copy.disk, copy.directory)));
  const offsets = [...own.values(), ...copied.values()].map(({ firstOffset }) => firstOffset);
  const patches = new Map<string, () => Promise<Uint8Array>>();
  for (const [name, segment] of copied) {
    const next = Math.min(...offsets.filter((offset) => offset > segment.firstOffset));
    const end = Number.isFinite(next) ? next - segment.firstOffset : undefined;
    const load = () => joined(disk, own.get(name), copy.disk, segment, end);
    const before = own.has(name) ? await wholeFile(disk, join(directory, name)) : undefined;
    const after = await load();
    if (before?.equals(after) === true) continue;
    const isBeginning = before?.equals(after.subarray(0, before.length)) ?? true;
    if (!isBeginning && !damaged.has(name)) return fail(otherHistory(name));
    patches.set(name, load);
  }
  return ok(patches);
};

const otherHistory = (name: string): StemeError => ({
  code: 'conflict',
  detail:
    `Segment ${name} is whole here and has other records in the copy: the two logs went on ` +
    'apart. Nothing was changed; restore the copy into an empty directory instead.',
});

const named = (segments: readonly SegmentFile[]) =>
  segments.map((segment) => [segmentName(segment.firstOffset), segment] as const);

/** The copy's bytes, then the own ones behind them, up to where the next segment begins. */
const joined = async (
  disk: ReadDisk,
  own: SegmentFile | undefined,
  copyDisk: ReadDisk,
  copied: SegmentFile,
  end: number | undefined,
): Promise<Buffer> => {
  const front = await wholeFile(copyDisk, copied.path);
  const all = own === undefined ? front : await wholeFile(disk, own.path);
  const whole = Buffer.concat([front, all.subarray(front.length)]);
  return whole.subarray(0, end);
};

export const wholeFile = async (disk: ReadDisk, path: string): Promise<Buffer> => {
  const file = await disk.open(path, 'read');
  try {
    return await readBytes(file, 0, await file.size());
  } finally {
    await file.close();
  }
};
