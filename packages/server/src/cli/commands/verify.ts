/**
 * `stemedb verify`: the log against itself and against checkpoints, then the store against the
 * log. Changes nothing; a success is noted beside the log, for the metrics. The store is read by a
 * process of its own, because the library that maps its file trusts it: on some damage it ends the
 * process with a signal.
 */
import { type JsonObject, type JsonValue, parseJson } from '@stemedb/model';
import { Option } from 'commander';
import { tryLockDirectory } from '../../log/directory.js';
import type { Severity } from '../../ops/findings.js';
import { noLog } from '../../ops/no_log.js';
import { noteOperation } from '../../ops/operations_file.js';
import { type VerifyReport, verifyDatabase } from '../../ops/verify.js';
import {
  checkStore,
  type StoreCheck,
  type StoreCheckInput,
  type StoreEvent,
} from '../../ops/verify_store.js';
import { counted } from '../cells.js';
import type { EndOfProgram } from '../cli_io.js';
import { collect, type Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { readCheckpointText } from '../log_files.js';
import { type CopyOptions, withCopyOptions } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import type { Session } from '../session.js';
import { inSnakeCase } from '../snake_case.js';
import { verifyCopyAt } from './verify_copy.js';

interface VerifyOptions extends CopyOptions {
  readonly checkpoint?: readonly string[];
  readonly storeOnly?: boolean;
}

const exitOf: { readonly [severity in Severity]: ExitName } = {
  too_new: 'format',
  altered: 'altered',
  damage: 'data',
  checkpoint_invalid: 'data',
  store: 'view',
  torn_tail: 'failed',
};

const savedCheckpoints = async (
  { io }: Session,
  { checkpoint }: VerifyOptions,
): Promise<ReadonlyMap<string, string>> => {
  const checkpoints = new Map<string, string>();
  for (const path of checkpoint ?? []) checkpoints.set(path, await readCheckpointText(io, path));
  return checkpoints;
};

const verify = async (session: Session, options: VerifyOptions): Promise<ExitName> => {
  const { io, report, directories } = session;
  const { walDir } = directories;
  if (!(await io.disk.exists(walDir))) {
    throw new CommandError(noLog(walDir));
  }
  const checkpoints = await savedCheckpoints(session, options);
  const lock = await tryLockDirectory(io.disk, walDir);
  const findings: object[] = [];
  const progress = startProgress(io, report.options, { title: 'verify', total: 0 });
  try {
    const result = await verifyDatabase({
      disk: io.disk,
      ...directories,
      isLocked: lock === undefined,
      checkpoints,
      checkStore: (onEvent) => checkStoreApart(session, onEvent),
      onFinding: (finding) => {
        if (report.options.json) findings.push(finding);
        else
          void report.line(`${finding.where}: ${finding.severity}: ${escapeText(finding.detail)}`);
      },
      onProgress: (done, place) => progress.update(done, place),
    });
    progress.stop();
    if (report.options.json) await report.json(inSnakeCase({ ...result, list: findings }));
    else await showReport(session, result);
    if (result.worst !== undefined) return exitOf[result.worst];
    await noteSuccess(session, result.log.records);
    return 'ok';
  } finally {
    progress.stop();
    await lock?.release();
  }
};

/** For the metrics of the server whose log it is; whoever may only read has verified it too. */
const noteSuccess = async ({ io, directories }: Session, position: number): Promise<void> => {
  const { walDir } = directories;
  const note = { finishedAtMs: io.clock.wallMs(), position, name: walDir };
  await noteOperation(io.disk, walDir, 'verify', note).catch(() => undefined);
};

const showReport = async (session: Session, result: VerifyReport): Promise<void> => {
  const { report } = session;
  const { log, tree, store } = result;
  await report.line(
    `log: ${counted(log.segments, 'segment')}, ${counted(log.bytes, 'byte')}, ` +
      `${counted(log.records, 'record')}, ${counted(log.attestations, 'signature')}`,
  );
  const root = tree.root ?? 'not known, because the log cannot be trusted';
  await report.line(
    `tree: ${counted(tree.size, 'record')}, root ${root}; held against ` +
      `${counted(tree.checkpoints, 'checkpoint')} and ${entries(tree.entries)} of its file`,
  );
  if (typeof store === 'string') await report.line(`store: not checked, ${store}`);
  else {
    const records = counted(store.records, 'record');
    await report.line(`store: ${entries(store.entries)} held against ${records}`);
  }
  if (result.findings === 0) await report.line(report.paint('green', 'No damage found.'));
  else await report.line(report.paint('red', `${counted(result.findings, 'finding')}.`));
};

const entries = (count: number): string => (count === 1 ? '1 entry' : `${count} entries`);

const storeInput = ({ io, directories, services }: Session): StoreCheckInput => ({
  disk: io.disk,
  ...directories,
  engine: services.engine,
});

/** The other process: its findings and its end as JSON lines. */
const printStoreCheck = async (session: Session): Promise<ExitName> => {
  const { report } = session;
  const written: Promise<void>[] = [];
  const end = await checkStore(storeInput(session), (event) => written.push(report.json(event)));
  await Promise.all(written);
  await report.json({ type: 'end', end });
  return 'ok';
};

const checkStoreApart = async (
  session: Session,
  onEvent: (event: StoreEvent) => void,
): Promise<StoreCheck> => {
  const { io, directories } = session;
  if (io.runApart === undefined) return checkStore(storeInput(session), onEvent);
  const { walDir, dbDir } = directories;
  let check: StoreCheck | undefined;
  const words = ['verify', '--store-only', '--wal-dir', walDir, '--db-dir', dbDir];
  const ended = await io.runApart(words, (line) => {
    const message = readMessage(line);
    if (message === undefined) return;
    if (message.type === 'end') check = message.end as unknown as StoreCheck;
    else onEvent(message as unknown as StoreEvent);
  });
  if (check !== undefined) return check;
  const detail = `reading it ended the process that did (${saidOf(ended)})`;
  onEvent({ type: 'finding', table: 'file', detail });
  return 'because its file ends whoever reads it; run `stemedb rebuild`';
};

const saidOf = ({ exit, signal }: EndOfProgram): string => signal ?? `exit code ${exit}`;

const readMessage = (line: string): JsonObject | undefined => {
  const parsed = parseJson(line);
  return parsed.ok && isObject(parsed.value) ? parsed.value : undefined;
};

const isObject = (value: JsonValue): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const registerVerify: Register = (program, run) => {
  withCopyOptions(
    program
      .command('verify')
      .description('check every byte of the database, or of a backup or an archive')
      .argument('[copy]', 'a backup, or a place where they are; the newest one there')
      .option('--checkpoint <file>', 'a checkpoint that was saved before; may be repeated', collect)
      .addOption(new Option('--store-only').hideHelp()),
  ).action((copy: string | undefined, options: VerifyOptions, command) =>
    run(command, async (session) => {
      if (copy !== undefined) {
        return verifyCopyAt(session, copy, options, await savedCheckpoints(session, options));
      }
      return options.storeOnly === true ? printStoreCheck(session) : verify(session, options);
    }),
  );
};
