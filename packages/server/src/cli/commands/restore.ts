/** `stemedb restore`: a copy or an export into empty directories, with its stamps. */
import type { StemeError } from '@stemedb/model';
import { isEmptyDirectory } from '../../ops/data_directory.js';
import { readExportLine } from '../../ops/export_line.js';
import { restoreLines } from '../../ops/restore.js';
import { type TextLine, textLines } from '../../ops/text_lines.js';
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { withCopyOptions } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { type RestoreCopyOptions, restoreCopyFrom } from './restore_copy.js';

/** A file of something else would fill the terminal. */
const refusalsToldMax = 100;

interface RestoreOptions extends RestoreCopyOptions {
  readonly fromExport?: string;
}

/** A database is never restored into another: both directories must hold nothing. */
const refuseUnlessEmpty = async (session: Session): Promise<void> => {
  const { io, directories } = session;
  for (const directory of [directories.walDir, directories.dbDir]) {
    if (await isEmptyDirectory(io.disk, directory)) continue;
    const detail = `${directory} is not empty; name an empty directory with --data.`;
    throw new CommandError({ code: 'conflict', detail });
  }
};

/** What does not begin as an export is refused before anything is made. */
const linesOfExport = async (
  lines: AsyncGenerator<TextLine, void>,
  file: string,
): Promise<AsyncGenerator<TextLine, void>> => {
  const first = await lines.next().catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError({ code: 'not_found', detail: `${file} cannot be read: ${why}`, cause });
  });
  const refuse = (why: string): never => {
    const detail = `${file} is no export: ${why} Nothing was restored.`;
    throw new CommandError({ code: 'malformed_json', detail });
  };
  if (first.done === true) return refuse('it has no lines.');
  const read = readExportLine(first.value.bytes ?? new Uint8Array());
  if (!read.ok) return refuse(`line ${first.value.number}: ${read.error.detail}`);
  return (async function* () {
    yield first.value;
    yield* lines;
  })();
};

const restoreExport = async (session: Session, file: string): Promise<ExitName> => {
  const { io } = session;
  await refuseUnlessEmpty(session);
  const total = await io.files.sizeOf(file).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError({ code: 'not_found', detail: `${file} cannot be read: ${why}`, cause });
  });
  const lines = textLines(io.files.readChunks(file));
  try {
    return await restoreFrom(session, file, total, await linesOfExport(lines, file));
  } finally {
    // Closes what is read: a standard input that stays open would hold the process.
    await lines.return(undefined);
  }
};

const restoreFrom = async (
  session: Session,
  file: string,
  total: number | undefined,
  lines: AsyncGenerator<TextLine, void>,
): Promise<ExitName> => {
  const { io, report, directories, services } = session;
  const database = unwrap(await services.openDatabase(directories));
  const progress = startProgress(io, report.options, { title: 'restore', total: total ?? 0 });
  let told = 0;
  const onRefused = (line: number, { code, detail }: StemeError): void => {
    told += 1;
    if (told > refusalsToldMax) return;
    void io.stderr.write(`${escapeText(file)}:${line}: ${code}: ${escapeText(detail)}\n`);
  };
  try {
    const result = unwrap(
      await restoreLines(lines, database.ingest, {
        onRefused,
        onProgress: (lines, bytes) => progress.update(bytes, `${lines} records`),
      }),
    );
    progress.stop();
    const { created, duplicate, refused } = result;
    if (report.options.json) await report.json(result);
    else
      await report.line(`${created} restored, ${duplicate} twice in the file, ${refused} refused`);
    if (refused === 0) return 'ok';
    const untold = refused > refusalsToldMax ? ` (${refused - refusalsToldMax} not shown)` : '';
    await report.warn(
      `the database in ${directories.walDir} lacks the refused lines${untold}. If you do not ` +
        'want it so, empty its directories and restore another export or a backup.',
    );
    return 'data';
  } finally {
    progress.stop();
    await database.close();
  }
};

const restore = async (
  session: Session,
  place: string | undefined,
  options: RestoreOptions,
): Promise<ExitName> => {
  const { fromExport, to, logOnly, salvage, dryRun } = options;
  if ((place === undefined) === (fromExport === undefined)) {
    const both = fromExport === undefined ? '' : ', not both';
    throw new UsageError(`Name a backup or an archive, or an export with --from-export${both}.`);
  }
  if (dryRun === true && salvage !== true) {
    throw new UsageError('--dry-run goes with --salvage.');
  }
  if (salvage === true && to !== undefined) {
    throw new UsageError('--salvage takes all that is whole; it does not go with --to.');
  }
  if (place !== undefined) {
    const bytes = await session.io.files.sizeOf(place).catch(() => undefined);
    if (bytes === undefined) return restoreCopyFrom(session, place, options);
    throw new UsageError(`${place} is a file: an export is named with --from-export.`);
  }
  if (to !== undefined || logOnly !== undefined || salvage !== undefined) {
    throw new UsageError('--to, --log-only and --salvage are for backups and archives.');
  }
  return restoreExport(session, fromExport ?? '');
};

export const registerRestore: Register = (program, run) => {
  withCopyOptions(
    program
      .command('restore')
      .description('bring a backup, an archive or an export back into an empty data directory')
      .argument('[copy]', 'a backup, or a place where they are; the newest one there')
      .option('--to <time>', 'leave out what was recorded after this moment')
      .option('--log-only', 'leave making the store to the first start of the server')
      .option('--salvage', 'of a damaged copy, what stands in front of the damage')
      .option('--dry-run', 'say what --salvage would bring back')
      .option(
        '--from-export <file>',
        'JSON lines made by `stemedb export`, or - for standard input',
      ),
  ).action((place: string | undefined, options: RestoreOptions, command) =>
    run(command, (session) => restore(session, place, options)),
  );
};
