/** What of a damaged log stands in front of all damage, as a directory of its own. */
import type { ReadDisk } from '../../io/disk.js';
import { offsetOfName, segmentHeaderBytes } from '../../log/format.js';
import { listSegments } from '../segment_files.js';
import { wholeFile } from './mends.js';
import { type Patches, patchedDisk } from './patched_disk.js';
import type { Survey } from './survey.js';

/** Offset through all segments; infinite when nothing is damaged. */
export const beginOfDamage = ({
  damagedFrom,
  tornTail,
}: Pick<Survey, 'damagedFrom' | 'tornTail'>): number => {
  const torn = tornTail && (offsetOfName(tornTail.segment) ?? 0) + tornTail.byte;
  return Math.min(damagedFrom ?? Number.POSITIVE_INFINITY, torn ?? Number.POSITIVE_INFINITY);
};

/** Segments in front of all damage, the last of them cut where it begins. */
export const frontOf = async (
  disk: ReadDisk,
  directory: string,
  damagedFrom: number,
): Promise<ReadDisk> => {
  const patches = new Map<string, (() => Promise<Uint8Array>) | undefined>();
  const segments = await listSegments(disk, directory);
  for (const [index, { name, path, firstOffset }] of segments.entries()) {
    const kept = damagedFrom - firstOffset;
    if (kept < segmentHeaderBytes) patches.set(name, undefined);
    else if (kept < (segments[index + 1]?.firstOffset ?? Number.POSITIVE_INFINITY) - firstOffset)
      patches.set(name, async () => (await wholeFile(disk, path)).subarray(0, kept));
  }
  return patchedDisk(disk, directory, patches satisfies Patches);
};
