/**
 * Which backups are kept. Never removed are the one just made, whatever a kept one refers to, and
 * what is not known to belong to this database. Those of the log that is backed up are newer than
 * those of logs before it, from which the database was restored. While the metadata of one are
 * damaged nobody knows what it refers to, so nothing complete is removed.
 *
 * Of unfinished ones only those of the own log go: its lock says that nobody is making them. That
 * of another log may be under way however old it seems, by clocks that differ; it may go on from
 * any backup of that log, so for a day these stay too.
 */
import { newerFirst } from './order.js';
import type { FoundBackup, StartedBy } from './places.js';

export interface Retention {
  /** The newest so many. */
  readonly count?: number;
  /** Those that were taken within so many days. */
  readonly days?: number;
}

export interface RetentionPlan {
  readonly removed: readonly FoundBackup[];
  readonly kept: readonly FoundBackup[];
}

/** The backup after which others are removed; a dry run has not made it. */
export interface Made extends StartedBy {
  readonly name: string;
  /** Backups that have some of its segments. */
  readonly refersTo: readonly string[];
}

const dayMs = 24 * 3600 * 1000;

type Complete = Extract<FoundBackup, { state: 'complete' }>;

/** Nobody knows what it refers to. */
const isUnread = (
  backup: FoundBackup,
): backup is Extract<FoundBackup, { state: 'damaged' | 'too_new' }> =>
  backup.state === 'damaged' || backup.state === 'too_new';

/** Without a rule nothing complete is removed. */
export const planRetention = (
  found: readonly FoundBackup[],
  made: Made,
  { count, days }: Retention,
  nowMs: number,
): RetentionPlan => {
  const isOfBefore = ({ metadata }: Complete): number => (metadata.log_id === made.logId ? 0 : 1);
  const earlier = found
    .filter((backup): backup is Complete => backup.state === 'complete')
    .filter(({ name, metadata }) => name !== made.name && metadata.database_id === made.databaseId)
    .sort((a, b) => isOfBefore(a) - isOfBefore(b) || newerFirst(a.metadata, b.metadata));
  const isAllKept = (count === undefined && days === undefined) || found.some(isUnread);
  const busy = new Set(
    found.flatMap((one) =>
      one.state === 'incomplete' && nowMs - one.begunMs < dayMs ? [one.of?.logId] : [],
    ),
  );
  busy.delete(made.logId);
  const wanted = earlier.filter(({ metadata }, index) => {
    if (busy.has(metadata.log_id)) return true;
    const isYoung = days !== undefined && nowMs - metadata.time_ms < days * dayMs;
    // The one just made is the first of those that are counted.
    return isAllKept || isYoung || (count !== undefined && index + 1 < count);
  });
  const needed = new Set([made.name, ...made.refersTo, ...wanted.flatMap(neededBy)]);
  const isKept = (backup: FoundBackup): boolean => {
    if (isUnread(backup)) return true;
    if (backup.state === 'incomplete') {
      return backup.of?.databaseId !== made.databaseId || backup.of.logId !== made.logId;
    }
    return backup.metadata.database_id !== made.databaseId || needed.has(backup.name);
  };
  return { kept: found.filter(isKept), removed: found.filter((backup) => !isKept(backup)) };
};

/** Names of all backups that must be there for this one to be restored. */
const neededBy = ({ name, refersTo }: Complete): readonly string[] => [name, ...refersTo];
