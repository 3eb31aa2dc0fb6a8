/** Holds the records of a copy, and its checkpoint, against what the copy says of itself. */
import {
  fail,
  type Outcome,
  ok,
  openCheckpoint,
  originOf,
  parseVkey,
  toBase64,
} from '@stemedb/model';
import { sodiumVerify } from '../ingest/sodium.js';
import type { LogCopy, LogCopyFacts } from './log_copy.js';

/** What reading all records of a copy has shown. */
export type FoundFacts = Pick<
  LogCopyFacts,
  'databaseId' | 'logId' | 'records' | 'assertions' | 'root' | 'newestStamp'
>;

const named: Readonly<Record<keyof FoundFacts, string>> = {
  databaseId: 'the database',
  logId: 'the log',
  records: 'the number of records',
  assertions: 'the number of assertions',
  root: 'the root of the tree',
  newestStamp: 'the newest stamp',
};

/** What differs, as sentences; none when the copy is what it says. */
export const differencesFrom = (
  { facts }: Pick<LogCopy, 'facts'>,
  found: FoundFacts,
): readonly string[] =>
  (Object.keys(named) as (keyof FoundFacts)[])
    .filter((name) => facts[name] !== found[name])
    .map((name) => `${named[name]} is ${found[name]}, and ${facts[name]} was written down`);

/** The checkpoint of the copy must be signed for exactly what the copy says of itself. */
export const checkSigned = ({
  facts,
  checkpoint,
}: Pick<LogCopy, 'facts' | 'checkpoint'>): Outcome<void> => {
  const { vkey, databaseId, logId, records, root } = facts;
  if (vkey === '' && checkpoint === undefined) return ok(undefined);
  const key = parseVkey(vkey);
  if (key === undefined || key.name !== originOf(databaseId, logId)) {
    return fail({
      code: 'checkpoint_invalid',
      detail: 'the key that it names is none of this log',
    });
  }
  if (checkpoint === undefined) return ok(undefined);
  const opened = openCheckpoint(checkpoint, key, sodiumVerify);
  if (!opened.ok) return opened;
  const { size } = opened.value;
  if (size === records && toBase64(opened.value.root) === root) return ok(undefined);
  const detail = `it was signed for ${size} records and another root than the copy has`;
  return fail({ code: 'checkpoint_invalid', detail });
};
