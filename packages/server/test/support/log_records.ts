/** Records by what they are. */
import { decodeStored, type RecordId, type RecordKind, recordIdOf } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';

/** Ids of one kind, each once, in the order of the records. */
export const idsOfKind = (
  records: readonly MergeRecord[],
  kind: RecordKind,
): readonly RecordId[] => {
  const found = records.filter(({ bytes }) => decodeStored(bytes).kind === kind);
  return [...new Set(found.map(({ bytes }) => recordIdOf(bytes)))];
};
