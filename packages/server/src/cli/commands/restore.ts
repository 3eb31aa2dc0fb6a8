/** `stemedb restore --from-export`: an export back into an empty directory, with its stamps. */
import type { StemeError } from '@stemedb/model';
import { isEmptyDirectory } from '../../ops/data_directory.js';
import { restoreLines } from '../../ops/restore.js';
import { textLines } from '../../ops/text_lines.js';
import type { Register } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { startProgress } from '../progress.js';
import { CommandError, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';

interface RestoreOptions {
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

const restore = async (session: Session, options: RestoreOptions): Promise<ExitName> => {
  const { io, report, directories, services } = session;
  const { fromExport: file } = options;
  if (file === undefined) throw new UsageError('Name an export with --from-export.');
  await refuseUnlessEmpty(session);
  const total = await io.files.sizeOf(file).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CommandError({ code: 'not_found', detail: `${file} cannot be read: ${why}`, cause });
  });
  const database = unwrap(await services.openDatabase(directories));
  const progress = startProgress(io, report.options, { title: 'restore', total: total ?? 0 });
  const onRefused = (line: number, { code, detail }: StemeError): void =>
    void io.stderr.write(`${escapeText(file)}:${line}: ${code}: ${escapeText(detail)}\n`);
  try {
    const result = unwrap(
      await restoreLines(textLines(io.files.readChunks(file)), database.ingest, {
        onRefused,
        onProgress: (lines, bytes) => progress.update(bytes, `${lines} records`),
      }),
    );
    progress.stop();
    const { created, duplicate, refused } = result;
    if (report.options.json) await report.json(result);
    else
      await report.line(`${created} restored, ${duplicate} twice in the file, ${refused} refused`);
    return refused > 0 ? 'data' : 'ok';
  } finally {
    progress.stop();
    await database.close();
  }
};

export const registerRestore: Register = (program, run) => {
  program
    .command('restore')
    .description('bring an export back into an empty data directory')
    .option('--from-export <file>', 'JSON lines made by `stemedb export`, or - for standard input')
    .action((options: RestoreOptions, command) =>
      run(command, (session) => restore(session, options)),
    );
};
