/** Small files beside the log that are replaced as a whole: identity and checkpoint. */
import { join } from 'node:path';
import type { Disk, ReadDisk } from '../io/disk.js';
import { fill } from './fill.js';
import { writeWhole } from './segment_writer.js';

/** The first `bytesMax` bytes of a file. Rejects with errors of the disk. */
export async function readSmallFile(
  disk: Pick<ReadDisk, 'open'>,
  path: string,
  bytesMax: number,
): Promise<Uint8Array> {
  const file = await disk.open(path, 'read');
  try {
    return await fill(file, Buffer.alloc(Math.min(bytesMax, await file.size())), 0);
  } finally {
    await file.close();
  }
}

/**
 * Replaces a file durably: whoever reads finds the old bytes or the new ones, whole. Rejects with
 * errors of the disk; then it is the old one, or after a failed directory sync either.
 */
export async function replaceSmallFile(
  disk: Disk,
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const temporary = join(directory, `${name}.new`);
  await writeSmallFile(disk, temporary, bytes);
  await disk.rename(temporary, join(directory, name));
  await disk.syncDirectory(directory);
}

/**
 * The bytes of a new file, synced; what stood there from an earlier run goes. Its name is durable
 * when the directory is synced. Rejects with errors of the disk.
 */
export async function writeSmallFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  if (await disk.exists(path)) await disk.remove(path);
  const file = await disk.open(path, 'create');
  try {
    const written = await writeWhole(file, bytes, 0);
    if (!written.ok) throw written.error.cause;
    await file.datasync();
  } finally {
    await file.close();
  }
}
