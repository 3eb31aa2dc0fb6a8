/**
 * Which backups are kept. Never removed are the newest one, whatever a kept one refers to, and
 * what is not known to belong to this database. While the metadata of one is damaged nobody knows
 * what it refers to, so nothing complete is removed. What was cut off goes when it was this log's,
 * or when it is older than a day; a backup that is being made elsewhere is younger.
 */
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

/** Without a rule nothing complete is removed. */
export const planRetention = (
  found: readonly FoundBackup[],
  of: StartedBy,
  { count, days }: Retention,
  nowMs: number,
): RetentionPlan => {
  const ours = found
    .filter((backup): backup is Complete => backup.state === 'complete')
    .filter(({ metadata }) => metadata.database_id === of.databaseId)
    .sort((a, b) => b.metadata.time_ms - a.metadata.time_ms || (a.name < b.name ? 1 : -1));
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
