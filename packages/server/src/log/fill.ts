/** Reads that may come in parts: on until a buffer is full or the file ends. */
import type { DiskFile } from '../io/disk.js';

/** What was filled of `target`, from `position` of the file. Rejects with errors of the disk. */
export async function fill(
  file: Pick<DiskFile, 'read'>,
  target: Buffer,
  position: number,
): Promise<Buffer> {
  let filled = 0;
  while (filled < target.length) {
    const count = await file.read(target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return target.subarray(0, filled);
}

/** The same at once: for few bytes that are most likely in memory. */
export function fillSync(
  file: Pick<DiskFile, 'readSync'>,
  target: Buffer,
  position: number,
): Buffer {
  let filled = 0;
  while (filled < target.length) {
    const count = file.readSync(target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return target.subarray(0, filled);
}
