/**
 * The whole log as JSON lines, in log order and nothing left out: records of unknown kinds go out
 * byte for byte too. The same log gives the same bytes.
 */
import type { Log } from '../log/log.js';
import { formatExportLine } from './export_line.js';

export interface ExportProgress {
  readonly records: number;
}

/** Text is handed on in pieces of about this size. */
const pieceCharacters = 256 * 1024;

/** Writes every record; resolves to how many there were. Rejects with what `write` rejects with. */
export const exportLog = async (
  log: Pick<Log, 'iterate'>,
  write: (text: string) => Promise<void>,
  onProgress?: (progress: ExportProgress) => void,
): Promise<number> => {
  let records = 0;
  let piece = '';
  for await (const chunk of log.iterate({ sequence: 1 })) {
    for (const record of chunk) {
      piece += formatExportLine(record);
      records += 1;
      if (piece.length < pieceCharacters) continue;
      await write(piece);
      piece = '';
    }
    onProgress?.({ records });
  }
  if (piece !== '') await write(piece);
  return records;
};
