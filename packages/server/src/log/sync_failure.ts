/** A failed sync, told from the other ends of a log: it says that the disk itself is failing. */
import type { StemeError } from '@stemedb/model';
import { diskErrorCode } from '../io/disk.js';
import { logFailed } from './failure.js';

/** `log_failed` because what was written could not be made durable. */
export function syncFailed(what: string, cause: unknown): StemeError {
  const error = logFailed(`${what} (${diskErrorCode(cause)})`, cause);
  return { ...error, extra: { ...error.extra, operation: 'sync' } };
}

export const isSyncFailure = (error: StemeError): boolean => error.extra?.operation === 'sync';
