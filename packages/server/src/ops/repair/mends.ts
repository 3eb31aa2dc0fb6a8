/**
 * What of a damaged log directory a copy of the same log can put right. Segments only ever grow at
 * their end, so the bytes that a copy has of one are its true beginning, and what stands behind
 * them is taken from the file that is there. Whether the outcome is whole is not judged here.
 */
import { join } from 'node:path';
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { ReadDisk } from '../../io/disk.js';
import { segmentHeaderBytes, segmentName } from '../../log/format.js';
import type { LogCopy } from '../log_copy.js';
import { listSegments, readBytes, type SegmentFile } from '../segment_files.js';
import type { LogFinding } from '../verify_log.js';
import type { Patches } from './patched_disk.js';

/**
 * Segments that differ from the copy's, with the bytes that they should have. A copy may be far
 * away, so of the suspects those are loaded that the damage may be in, that are missing here, and
 * the last one, whose end may be; the others were found whole. `conflict` when one of them in which
 * no damage was found has other bytes than the copy: then one of the two was written by somebody
 * who went on with the log elsewhere, and neither says which.
 */
export const mendsFrom = async (
  disk: ReadDisk,
  directory: string,
  copy: Pick<LogCopy, 'disk' | 'directory'>,
  findings: readonly LogFinding[],
  among: 'suspects' | 'all',
): Promise<Outcome<Patches>> => {
  const damaged = new Set(findings.map(({ segment }) => segment));
  const segments = await listSegments(disk, directory);
  const own = new Map(named(segments));
  const suspects = suspectsAmong(segments, findings);
  const copied = new Map(named(await listSegments(copy.disk, copy.directory)));
  const offsets = [...own.values(), ...copied.values()].map(({ firstOffset }) => firstOffset);
  const patches = new Map<string, () => Promise<Uint8Array>>();
  const loaded = new LastLoaded();
  for (const [name, segment] of copied) {
    if (among === 'suspects' && own.has(name) && !suspects.has(name)) continue;
    const next = Math.min(...offsets.filter((offset) => offset > segment.firstOffset));
    const end = Number.isFinite(next) ? next - segment.firstOffset : undefined;
    const make = () => joined(disk, own.get(name), copy.disk, segment, end);
    const load = () => loaded.get(name, make);
    const before = own.has(name) ? await wholeFile(disk, join(directory, name)) : undefined;
    // One that is whole is most likely not needed again.
    const isWhole = own.has(name) && !damaged.has(name);
    const after = await (isWhole ? make() : load());
    if (before?.equals(after) === true) continue;
    const isBeginning = before?.equals(after.subarray(0, before.length)) ?? true;
    if (!isBeginning && isWhole) return fail(otherHistory(name));
    patches.set(name, load);
  }
  return ok(patches);
};

/** What a header says is of the segment before too: that one may have lost its end. */
const suspectsAmong = (
  segments: readonly SegmentFile[],
  findings: readonly LogFinding[],
): ReadonlySet<string> => {
  const names = segments.map(({ name }) => name);
  const suspects = new Set(names.slice(-1));
  for (const { segment, byte } of findings) {
    suspects.add(segment);
    const before = byte < segmentHeaderBytes ? names[names.indexOf(segment) - 1] : undefined;
    if (before !== undefined) suspects.add(before);
  }
  return suspects;
};

/** Most often one segment is damaged: it is fetched once, and no more than one is in memory. */
class LastLoaded {
  #name: string | undefined;
  #bytes: Buffer | undefined;

  async get(name: string, load: () => Promise<Buffer>): Promise<Buffer> {
    if (this.#name === name && this.#bytes !== undefined) return this.#bytes;
    this.#bytes = undefined;
    this.#bytes = await load();
    this.#name = name;
    return this.#bytes;
  }
}

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
