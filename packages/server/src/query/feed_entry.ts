/**
 * One record as the feed states it. That follows from its frame alone, so it may be made once for
 * all who follow: stamp and proof are those under which this node logged it first.
 */
import type { RecordContent, RecordKind } from '@stemedb/model';
import { formatTime, kindNumber, kindOfNumber, recordIdOf, stampMs } from '@stemedb/model';
import type { LogRecord } from '../log/log.js';
import type { FeedPlace } from './feed_cursor.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';
import { jsonBytes, StoredJson, type StoredRecord } from './stored_json.js';

/** What one reader is told. */
export interface FeedItem {
  /** Leads to what follows the record. */
  readonly cursor: string;
  /** A `FeedRecord` as JSON text, on one line. */
  readonly json: Buffer;
}

/** What is read of a reading for the feed. */
export type FeedReading = Pick<Reading, 'snapshot' | 'reader' | 'pace'>;

export interface FeedEntry extends FeedPlace, FeedItem {
  readonly kind: number;
  /** The concepts that it is about; undefined where nobody asked for them. */
  readonly paths: readonly string[] | undefined;
}

/** Which records a reader wants. */
export interface FeedFilter {
  readonly kind?: RecordKind;
  /** As in a question: this concept and all below it, with `/` at its end only what is below. */
  readonly prefix?: string;
}

/** Steps from a record about a record to the claim that all are about. */
const targetDepthMax = 8;

export const entryOf = async (
  reading: FeedReading,
  record: LogRecord,
  wanted: { readonly cursorOf: (place: FeedPlace) => string; readonly paths: boolean },
): Promise<FeedEntry> => {
  const { sequence, offset, kind, stamp, proof, bytes } = record;
  const stored: StoredRecord = new StoredJson<RecordContent>(bytes);
  const cursor = wanted.cursorOf(record);
  const json = jsonBytes({
    cursor,
    id: recordIdOf(bytes),
    record: stored,
    recorded_at: formatTime(stampMs(stamp)),
    recorded_stamp: stamp,
    proof,
  });
  const paths = wanted.paths ? await pathsOf(reading, kind, stored) : undefined;
  return { sequence, offset, kind, cursor, json, paths };
};

/** Of what says something about another record: the paths of that one, as far as it is here. */
const pathsOf = async (
  reading: FeedReading,
  kind: number,
  stored: StoredRecord,
): Promise<readonly string[]> => {
  const { reader, snapshot, pace } = reading;
  let content = kindOfNumber(kind) === undefined ? undefined : stored.parsed;
  for (let depth = 0; depth <= targetDepthMax && content !== undefined; depth += 1) {
    if (content.kind === 'assertion') return [content.concept_path];
    if (content.kind === 'alias') return [content.a, content.b];
    if (!('target' in content)) return [];
    await pace.spend(rowsPerRecord);
    const target = reader.read(content.target, snapshot.visibleStamp);
    const isKnown = target !== undefined && kindOfNumber(target.place.kind) !== undefined;
    content = isKnown ? target.record.parsed : undefined;
  }
  return [];
};

const isWithin = (path: string, prefix: string): boolean =>
  path === prefix || path.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`);

export const passes = ({ kind, paths = [] }: FeedEntry, filter: FeedFilter): boolean => {
  if (filter.kind !== undefined && kind !== kindNumber[filter.kind]) return false;
  const { prefix = '' } = filter;
  return prefix === '' || paths.some((path) => isWithin(path, prefix));
};
