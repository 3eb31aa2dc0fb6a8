/** Reads a whole small file, such as a configuration. */
import { diskErrorCode } from '../io/disk.js';
import { systemDisk } from '../io/system_disk.js';

/** The text; undefined when there is no such file. Other failures reject. */
export const readTextFile = async (path: string): Promise<string | undefined> => {
  try {
    const file = await systemDisk.open(path, 'read');
    try {
      const bytes = new Uint8Array(await file.size());
      let filled = 0;
      while (filled < bytes.length) {
        const count = await file.read(bytes, filled, bytes.length - filled, filled);
        if (count === 0) break;
        filled += count;
      }
      return new TextDecoder().decode(bytes.subarray(0, filled));
    } finally {
      await file.close();
    }
  } catch (error) {
    if (diskErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
};
