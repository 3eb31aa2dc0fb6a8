/**
 * Which backups are kept. Never removed are the one just made, whatever a kept one refers to, and
 * what is not known to belong to this database. Those of the log that is backed up are newer than
 * those of logs before it, from which the database was restored. While the metadata of one is damaged nobody knows
 * what it refers to, so nothing complete is removed. What was cut off goes when it was this log's,
 * or when it is older than a day; a backup that is being made elsewhere is younger.
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

const dayMs = 24 * 3600 * 1000;

type Complete = Extract<FoundBackup, { state: 'complete' }>;

/** What was just made, and of which log. */
export interface Made extends StartedBy {
  readonly name: string;
}

/** Without a rule nothing complete is removed. */
export const planRetention = (
  found: readonly FoundBackup[],
  of: Made,
  { count, days }: Retention,
  nowMs: number,
): RetentionPlan => {
  const rankOf = ({ name, metadata }: Complete): number =>
    name === of.name ? 0 : metadata.log_id === of.logId ? 1 : 2;
  const ours = found
    .filter((backup): backup is Complete => backup.state === 'complete')
    .filter(({ metadata }) => metadata.database_id === of.databaseId)
    .sort((a, b) => rankOf(a) - rankOf(b) || newerFirst(a.metadata, b.metadata));
  const isAllKept =
    (count === undefined && days === undefined) || found.some(({ state }) => state === 'damaged');
  const wanted = ours.filter(({ metadata }, index) => {
    if (index === 0 || isAllKept) return true;
    const isYoung = days !== undefined && nowMs - metadata.time_ms < days * dayMs;
    return isYoung || (count !== undefined && index < count);
  });
  const needed = new Set(wanted.flatMap(({ metadata }) => neededBy(metadata)));
  const isKept = (backup: FoundBackup): boolean => {
    if (backup.state === 'damaged') return true;
    if (backup.state === 'incomplete') {
      const isOurs = backup.of?.databaseId === of.databaseId && backup.of.logId === of.logId;
      return !isOurs && nowMs - backup.begunMs < dayMs;
    }
    return backup.metadata.database_id !== of.databaseId || needed.has(backup.name);
  };
  return { kept: found.filter(isKept), removed: found.filter((backup) => !isKept(backup)) };
};

/** Names of all backups that must be there for this one to be restored. */
const neededBy = ({ name, segments }: Complete['metadata']): readonly string[] => [
  name,
  ...segments.map(({ backup }) => backup),
];
