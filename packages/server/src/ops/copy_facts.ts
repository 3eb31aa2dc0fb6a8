/** Holds the records of a copy against what the copy says of itself. */
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
