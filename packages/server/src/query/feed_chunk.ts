/**
 * Pieces of the log as the feed states them. A piece is read from the files and let go of, so that
 * whoever is far behind holds neither memory nor an open file while its reader takes its time.
 */
import type { Outcome } from '@stemedb/model';
import { fail, kindNumber, ok } from '@stemedb/model';
import { LogCorruptError } from '../log/failure.js';
import type { Log, LogRecord } from '../log/log.js';
import type { FeedPlace } from './feed_cursor.js';
import { entryOf, type FeedEntry, type FeedFilter, type FeedReading } from './feed_entry.js';
import { rowsPerRecord } from './pace.js';

/** Bytes of the log that are read at a time: less than what one system call costs to wait for. */
const readBytes = 64 * 1024;

export interface FeedChunk {
  readonly entries: readonly FeedEntry[];
  /** How far the log was looked at. */
  readonly place: FeedPlace;
  /** Bytes of the records that were looked at. */
  readonly bytes: number;
}

export interface ChunkOptions {
  readonly cursorOf: (place: FeedPlace) => string;
  /** Whether the concepts of each record are looked for. */
  readonly paths: boolean;
  /** Others are passed over. */
  readonly kind?: FeedFilter['kind'];
}

/** The next records after a place that are visible in the reading; none: that is the end. */
export const readChunk = async (
  log: Pick<Log, 'iterate'>,
  reading: FeedReading,
  from: FeedPlace,
  options: ChunkOptions,
): Promise<Outcome<FeedChunk>> => {
  const records = await readRecords(log, from, reading.snapshot.appliedSequence);
  if (!records.ok) return records;
  const kind = options.kind === undefined ? undefined : kindNumber[options.kind];
  const entries: FeedEntry[] = [];
  let bytes = 0;
  for (const record of records.value) {
    bytes += record.bytes.length;
    await reading.pace.spend(rowsPerRecord);
    if (kind !== undefined && record.kind !== kind) continue;
    // A frame that repeats a known record, which a merge with an earlier stamp writes, is none.
    if (reading.snapshot.placeOfSequence(record.sequence) === undefined) continue;
    entries.push(await entryOf(reading, record, options));
  }
  const last = records.value.at(-1);
  const place = last === undefined ? from : { sequence: last.sequence, offset: last.offset };
  return ok({ entries, place, bytes });
};

const readRecords = async (
  log: Pick<Log, 'iterate'>,
  { sequence, offset }: FeedPlace,
  through: number,
): Promise<Outcome<readonly LogRecord[]>> => {
  if (sequence >= through) return ok([]);
  const begin = sequence === 0 ? { sequence: 1 } : { sequence, offset };
  try {
    for await (const chunk of log.iterate({ ...begin, chunkBytes: readBytes })) {
      const next = chunk.filter((record) => record.sequence > sequence);
      if (next.length > 0) return ok(next.filter((record) => record.sequence <= through));
    }
  } catch (cause) {
    if (cause instanceof LogCorruptError) return fail(cause.error);
    throw cause;
  }
  throw new Error(`The log ends before record ${through}, which is visible.`);
};
