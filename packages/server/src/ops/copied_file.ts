/** A file of a copy, of which no byte is handed out before it agrees with length and hash. */
import { createHash } from 'node:crypto';
import { type CopiedFile, CopyDamagedError } from './log_copy.js';

export const sha256Hex = (bytes: Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The bytes of a file; rejects with `CopyDamagedError`, and with what `load` rejects with. */
export const loadChecked = async (file: CopiedFile): Promise<Uint8Array> => {
  const bytes = await file.load();
  if (bytes === undefined) throw new CopyDamagedError(file.place, 'it is missing');
  if (bytes.length !== file.bytes) {
    const what = `it has ${bytes.length} bytes instead of ${file.bytes}`;
    throw new CopyDamagedError(file.place, what);
  }
  if (sha256Hex(bytes) === file.sha256) return bytes;
  throw new CopyDamagedError(file.place, 'its SHA-256 is that of another content');
};

/** What is wrong with these files; rejects with what their `load` rejects with. */
export async function* faultsOf(files: readonly CopiedFile[]): AsyncGenerator<CopyDamagedError> {
  for (const file of files) {
    try {
      await loadChecked(file);
    } catch (error) {
      if (!(error instanceof CopyDamagedError)) throw error;
      yield error;
    }
  }
}
