/** Reads a whole small file, such as a configuration. */
import { diskErrorCode } from '../io/disk.js';
import { systemDisk } from '../io/system_disk.js';
import { fill } from '../log/fill.js';

/** The text; undefined when there is no such file. Other failures reject. */
export const readTextFile = async (path: string): Promise<string | undefined> => {
  try {
    const file = await systemDisk.open(path, 'read');
    try {
      return new TextDecoder().decode(await fill(file, Buffer.alloc(await file.size()), 0));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (diskErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};
