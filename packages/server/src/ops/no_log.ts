/** What is said where a log is looked for and none is. */
import type { StemeError } from '@stemedb/model';

/** `not_found`, and how another directory is named. */
export const noLog = (directory: string, what = 'log'): StemeError => ({
  code: 'not_found',
  detail: `There is no ${what} in ${directory}; name where one is with --data or --wal-dir.`,
});
