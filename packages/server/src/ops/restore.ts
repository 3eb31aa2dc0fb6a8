/**
 * Restores an export into an empty database through `merge`, so stamps and proofs come along and
 * every `as_of` answers as before. A line that is refused is reported; the others are kept.
 */
import { fail, type Outcome, ok, type StemeError } from '@stemedb/model';
import type { Ingest, MergeRecord } from '../ingest/ingest.js';
import { readExportLine } from './export_line.js';
import type { TextLine } from './text_lines.js';

export interface RestoreOptions {
  readonly onRefused: (line: number, error: StemeError) => void;
  readonly onProgress: (lines: number, bytes: number) => void;
}

export interface RestoreResult {
  readonly lines: number;
  readonly created: number;
  readonly duplicate: number;
  readonly refused: number;
}

const batchRecordsMax = 2_000;
const batchBytesMax = 8 * 1024 * 1024;

const tooLong: StemeError = {
  code: 'body_too_large',
  detail: 'The line is longer than any record.',
};

/** Merges every line; an error of the node itself ends the work. */
export const restoreLines = async (
  lines: AsyncIterable<TextLine>,
  ingest: Ingest,
  options: RestoreOptions,
): Promise<Outcome<RestoreResult>> => {
  const counts = { lines: 0, created: 0, duplicate: 0, refused: 0 };
  let batch: { readonly number: number; readonly record: MergeRecord }[] = [];
  let bytes = 0;
  const refuse = (line: number, error: StemeError): void => {
    counts.refused += 1;
    options.onRefused(line, error);
  };
  const flush = async (): Promise<StemeError | undefined> => {
    if (batch.length === 0) return undefined;
    const merged = await ingest.merge(batch.map(({ record }) => record));
    if (!merged.ok) return merged.error;
    counts.created += merged.value.created;
    counts.duplicate += merged.value.duplicate;
    for (const { index, error } of merged.value.refused) refuse(batch[index]?.number ?? 0, error);
    batch = [];
    bytes = 0;
    return undefined;
  };
  for await (const line of lines) {
    counts.lines += 1;
    const read = line.bytes === undefined ? fail(tooLong) : readExportLine(line.bytes);
    if (read.ok) {
      batch.push({ number: line.number, record: read.value });
      bytes += read.value.bytes.length;
    } else {
      refuse(line.number, read.error);
    }
    if (batch.length < batchRecordsMax && bytes < batchBytesMax) continue;
    const error = await flush();
    if (error !== undefined) return fail(error);
    options.onProgress(counts.lines, line.end);
  }
  const error = await flush();
  return error === undefined ? ok(counts) : fail(error);
};
