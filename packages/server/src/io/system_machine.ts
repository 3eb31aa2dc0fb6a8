/** What the machine says of itself, for those who watch it. */
import { promises as fs } from 'node:fs';

export interface FileSystemSpace {
  /** What files take and may still take; without the blocks that the system keeps for itself. */
  readonly sizeBytes: number;
  readonly freeBytes: number;
}

/** Room on the file system that holds a path, as `df` counts it. */
export const fileSystemSpace = async (path: string): Promise<FileSystemSpace> => {
  const { blocks, bfree, bavail, bsize } = await fs.statfs(path);
  return { sizeBytes: (blocks - bfree + bavail) * bsize, freeBytes: bavail * bsize };
};

/** Memory of this process that is no page of a file (`RssAnon`); rejects where Linux is not. */
export const anonymousMemoryBytes = async (): Promise<number> => {
  const status = await fs.readFile('/proc/self/status', 'latin1');
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error('the system does not say RssAnon');
  return Number(kibibytes) * 1024;
};
