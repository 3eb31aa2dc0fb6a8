/**
 * The whole command line: parses, runs one command, turns every outcome into one sentence on
 * standard error and a documented exit code. Never throws and never exits by itself.
 */
import { type ErrorCode, errorTable, type StemeError } from '@stemedb/model';
import { Command, CommanderError } from 'commander';
import { diskErrorCode } from '../io/disk.js';
import { ObjectStoreError } from '../io/object_store.js';
import { ArchiveLockedError } from '../ops/archive/stored_object.js';
import { storeErrors } from '../ops/store_errors.js';
import type { CliIo } from './cli_io.js';
import type { Run } from './command.js';
import { registersFor } from './command_files.js';
import { escapeText } from './escape.js';
import { type ExitName, exitCodes, exitNameOf } from './exit_codes.js';
import { CommandError, describeError, isClientError, UsageError } from './report.js';
import { type GlobalOptions, Session } from './session.js';

const isKnownCode = (code: string): code is keyof typeof errorTable =>
  Object.hasOwn(errorTable, code);

/** What the system refuses of a path that was named is no fault of ours. */
const systemCodes: ReadonlyMap<string, ErrorCode> = new Map([
  ['ENOENT', 'not_found'],
  ['ENOTDIR', 'not_found'],
  ['EISDIR', 'not_found'],
  ['EACCES', 'data_directory_unwritable'],
  ['EPERM', 'data_directory_unwritable'],
  ['EROFS', 'data_directory_unwritable'],
  ['ENOSPC', 'disk_full'],
  ['EDQUOT', 'disk_full'],
  ['EFBIG', 'disk_full'],
]);

const systemError = (error: unknown): StemeError | undefined => {
  const code = systemCodes.get(diskErrorCode(error));
  if (code === undefined || !(error instanceof Error)) return undefined;
  return { code, detail: `${error.message}.`, cause: error };
};

/** The place of a copy may fail at any moment of reading it, not only when it is opened. */
const expectedError = async (error: unknown): Promise<StemeError | undefined> => {
  if (error instanceof CommandError || error instanceof ArchiveLockedError) return error.error;
  if (!(error instanceof ObjectStoreError)) return systemError(error);
  const failed = await storeErrors(() => Promise.reject(error));
  return failed.ok ? undefined : failed.error;
};

/** The exit of a failed command; anything unexpected is a fault of ours and shows its stack. */
const reportFailure = async (session: Session, error: unknown): Promise<ExitName> => {
  const { report } = session;
  if (error instanceof UsageError) {
    await report.error(`${error.message} (add --help for what is possible)`);
    return 'usage';
  }
  const expected = await expectedError(error);
  if (expected !== undefined) {
    await report.error(describeError(expected));
    return exitNameOf(expected.code);
  }
  if (isClientError(error)) {
    await report.error(describeError(error));
    if (isKnownCode(error.code)) return exitNameOf(error.code);
    return error.code === 'bad_answer' ? 'failed' : 'unavailable';
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  await report.error(`internal: ${text.split('\n').map(escapeText).join('\n')}`);
  return 'internal';
};

const makeProgram = (io: CliIo, version: string): Command => {
  const usage = { write: (text: string) => void io.stderr.write(text) };
  return new Command('stemedb')
    .description('A database of claims: state what you believe, ask under a lens.')
    .version(`stemedb ${version}`, '--version', 'print the version')
    .option('--url <url>', 'the server (default: $STEMEDB_URL, else http://127.0.0.1:18180)')
    .option('--api-key <key>', 'API key (default: $STEMEDB_API_KEY)')
    .option('--data <dir>', 'data directory: DIR/wal and DIR/db (default: ./data)')
    .option('--wal-dir <dir>', 'directory of the log (default: $STEMEDB_WAL_DIR)')
    .option('--db-dir <dir>', 'directory of the store (default: $STEMEDB_DB_DIR)')
    .option('--json', 'one JSON document instead of tables')
    .option('--quiet', 'results and errors only')
    .option('--no-color', 'no colours (as does $NO_COLOR)')
    .showHelpAfterError('(add --help for what is possible)')
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: usage.write,
      getOutHelpWidth: () => io.stdout.columns,
      getErrHelpWidth: () => io.stderr.columns,
    });
};

/** Runs `stemedb` with the words after the program's name; resolves to the exit code. */
export const runCli = async (
  argv: readonly string[],
  io: CliIo,
  version = 'unknown',
): Promise<number> => {
  let exit: ExitName = 'ok';
  const run: Run = async (command, work) => {
    const session = new Session(io, command.optsWithGlobals<GlobalOptions>(), version);
    try {
      exit = (await work(session)) ?? 'ok';
    } catch (error) {
      exit = await reportFailure(session, error);
    }
  };
  try {
    // Of a program of its own: what one has parsed once it keeps.
    const [name] = makeProgram(io, version).parseOptions([...argv]).operands;
    const program = makeProgram(io, version);
    for (const register of await registersFor(name)) register(program, run);
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? exitCodes.ok.number : exitCodes.usage.number;
  }
  return exitCodes[exit].number;
};
