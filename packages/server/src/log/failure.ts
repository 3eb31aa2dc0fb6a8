/** The sentences of the log's errors, and what an error of the disk means for it (spec 4.3). */
import type { StemeError } from '@stemedb/model';
import { diskErrorCode } from '../io/disk.js';
import { segmentName } from './format.js';

/** A place in the log: the file, and the offset counted through all segments. */
export interface LogPlace {
  readonly segmentOffset: number;
  readonly offset: number;
}

export function logCorrupt(place: LogPlace, what: string, cause?: unknown): StemeError {
  const segment = segmentName(place.segmentOffset);
  const byte = place.offset - place.segmentOffset;
  return {
    code: 'log_corrupt',
    detail:
      `Segment ${segment} is damaged at offset ${place.offset} (byte ${byte} of the file): ` +
      `${what}. What stood there had been made durable. Run "stemedb verify" to see how far the ` +
      'damage reaches, then restore a backup or an export; keep the file.',
    extra: { segment, offset: place.offset, byte },
    ...(cause === undefined ? {} : { cause }),
  };
}

/** Thrown by `Log.iterate`, whose shape has no room for a value. */
export class LogCorruptError extends Error {
  readonly error: StemeError;

  constructor(error: StemeError) {
    super(error.detail, { cause: error.cause });
    this.name = 'LogCorruptError';
    this.error = error;
  }
}

type Meaning = 'full' | 'passing' | 'fatal';

const meaningOfCode: ReadonlyMap<string, Meaning> = new Map([
  ['ENOSPC', 'full'],
  ['EDQUOT', 'full'],
  ['EFBIG', 'full'],
  ['EMFILE', 'passing'],
  ['ENFILE', 'passing'],
  ['ENOMEM', 'passing'],
  ['EROFS', 'passing'],
]);

/** What a failed write or create means; a failed sync is always `logFailed`. */
export function writeFailure(error: unknown): StemeError {
  const code = diskErrorCode(error);
  const meaning = meaningOfCode.get(code) ?? 'fatal';
  if (meaning === 'full') return diskFull(`The disk reported ${code}`, error);
  if (meaning === 'fatal') return logFailed(`writing failed (${code || String(error)})`, error);
  return {
    code: 'not_ready',
    detail: `The log cannot be written at the moment: the system reported ${code}. Try again.`,
    cause: error,
  };
}

export function diskFull(what: string, cause?: unknown): StemeError {
  return {
    code: 'disk_full',
    detail: `${what}: nothing is written until there is room again. Reads go on.`,
    ...(cause === undefined ? {} : { cause }),
  };
}

export function logFailed(what: string, cause: unknown): StemeError {
  return {
    code: 'log_failed',
    detail:
      `The log is closed for writing because ${what}: what the disk holds is not known any more. ` +
      'Reads go on; the node must restart, which reads the log back from the disk.',
    extra: { system_error: diskErrorCode(cause) },
    cause,
  };
}

/** The open segment is written to, and no directory has it any more. */
export function nameLost(segmentOffset: number): StemeError {
  return {
    code: 'log_failed',
    detail:
      `The log is closed for writing because ${segmentName(segmentOffset)} was removed, moved or ` +
      'replaced while it was written: what came last may be in no directory. The node ends; put ' +
      'the directory back, or restore a copy of it, before it starts again.',
    extra: { system_error: 'ENOENT' },
  };
}

/** A failed start: the files are there, the disk would not read or write them. */
export function openFailed(directory: string, error: unknown): StemeError {
  const code = diskErrorCode(error);
  const unwritable = code === 'EACCES' || code === 'EPERM' || code === 'EROFS';
  const fullDisk = meaningOfCode.get(code) === 'full';
  return {
    code: fullDisk ? 'disk_full' : unwritable ? 'data_directory_unwritable' : 'log_failed',
    detail:
      `The log directory ${directory} cannot be opened for writing (${code || String(error)}). ` +
      (unwritable
        ? 'Give its owner the right to write there, or name another directory.'
        : 'Repair what the system reports, then start again.'),
    cause: error,
  };
}
