/**
 * The exit codes of both programs, after sysexits(3) where it has a number that fits. The table in
 * `docs/cli.md` is held against this one by a test.
 */
import { type ErrorCode, errorTable } from '@stemedb/model';

export const exitCodes = {
  ok: { number: 0, meaning: 'Done.' },
  failed: { number: 1, meaning: 'Refused by the server, not found, or failed.' },
  usage: { number: 2, meaning: 'The command line is wrong.' },
  data: { number: 65, meaning: 'Input lines were refused, or stored data are damaged.' },
  view: { number: 66, meaning: 'Only a view of the log is damaged; `stemedb rebuild` mends it.' },
  altered: { number: 67, meaning: 'The log is not the one that a checkpoint was signed for.' },
  unavailable: { number: 69, meaning: 'The server cannot be reached or is not ready.' },
  internal: { number: 70, meaning: 'A fault in the program itself.' },
  cannot_create: { number: 73, meaning: 'A file or data directory cannot be written.' },
  io: { number: 74, meaning: 'The disk failed or is full; the log cannot be written.' },
  temporary: { number: 75, meaning: 'Another process uses the data directory; try again later.' },
  format: { number: 76, meaning: 'The data were written by a newer version.' },
  configuration: { number: 78, meaning: 'The configuration or a key file is wrong.' },
} as const satisfies Record<string, { readonly number: number; readonly meaning: string }>;

export type ExitName = keyof typeof exitCodes;

/** Codes whose exit code does not follow from their HTTP status. */
const exceptions: { readonly [Code in ErrorCode]?: ExitName } = {
  overloaded: 'temporary',
  log_failed: 'io',
  disk_full: 'io',
  data_directory_unwritable: 'cannot_create',
  data_directory_locked: 'temporary',
  database_mismatch: 'configuration',
  format_too_new: 'format',
  log_corrupt: 'data',
  store_corrupt: 'data',
  copy_damaged: 'data',
  store_format: 'data',
  invalid_configuration: 'configuration',
  malformed_json: 'data',
  checkpoint_invalid: 'data',
  log_altered: 'altered',
};

/** The name of the exit code that an error ends a program with. */
export const exitNameOf = (code: ErrorCode): ExitName => {
  const { status } = errorTable[code];
  const exception = exceptions[code];
  if (exception !== undefined) return exception;
  if (status === 503 || status === 504 || status === 408) return 'unavailable';
  return status >= 500 ? 'internal' : 'failed';
};

/** The number for the operating system. */
export const exitCodeOf = (code: ErrorCode): number => exitCodes[exitNameOf(code)].number;
