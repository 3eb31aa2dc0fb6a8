/**
 * Which of two backups is the newer one. Not asked is the clock by which they were taken: it may
 * have been set back, or have been a year ahead once. Of one log the newer one has more records;
 * between logs the newest stamp decides, which goes on from one log to the one restored from it.
 */
import type { BackupMetadata } from './metadata.js';

type Ordered = Pick<BackupMetadata, 'name' | 'newest_stamp' | 'record_count'>;

/** For sorting; of one log, stamps never get fewer as records get more. */
export const newerFirst = (a: Ordered, b: Ordered): number =>
  descending(a.newest_stamp, b.newest_stamp) ||
  b.record_count - a.record_count ||
  descending(a.name, b.name);

const descending = (a: string, b: string): number => (a === b ? 0 : a < b ? 1 : -1);
