/** The segment files of a log directory, for readers that must not change anything in it. */
import type { DiskFile, ReadDisk } from '../io/disk.js';
import { fill } from '../log/fill.js';
import {
  type DecodedHeader,
  decodeSegmentHeader,
  offsetOfName,
  segmentHeaderBytes,
} from '../log/format.js';

export interface SegmentFile {
  readonly name: string;
  readonly path: string;
  /** Offset of its first byte, counted through all segments: what its name says. */
  readonly firstOffset: number;
}

export interface OpenSegment {
  readonly file: DiskFile;
  readonly bytes: number;
  readonly header: DecodedHeader;
}

/** In log order. Rejects with the disk's error when the directory cannot be read. */
export const listSegments = async (
  disk: ReadDisk,
  directory: string,
): Promise<readonly SegmentFile[]> => {
  const files: SegmentFile[] = [];
  for (const name of await disk.list(directory)) {
    const firstOffset = offsetOfName(name);
    if (firstOffset === undefined) continue;
    files.push({ name, path: `${directory}/${name}`, firstOffset });
  }
  return files.sort((a, b) => a.firstOffset - b.firstOffset);
};

/** Opens a segment and reads its header; the caller closes the file. */
export const openSegment = async (disk: ReadDisk, segment: SegmentFile): Promise<OpenSegment> => {
  const file = await disk.open(segment.path, 'read');
  try {
    const bytes = await file.size();
    const head = await readBytes(file, 0, Math.min(segmentHeaderBytes, bytes));
    return { file, bytes, header: decodeSegmentHeader(head) };
  } catch (error) {
    await file.close();
    throw error;
  }
};

/** Bytes of a file; fewer when it ends first. */
export const readBytes = (
  file: Pick<DiskFile, 'read'>,
  position: number,
  length: number,
): Promise<Buffer> => fill(file, Buffer.alloc(length), position);
