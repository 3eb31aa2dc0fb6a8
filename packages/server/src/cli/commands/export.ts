/**
 * `stemedb export`: the whole log as JSON lines, read from the data directory without the server.
 * Nothing is locked or changed; beside a running server it shows what is on the disk by now.
 */
import { exportLog } from '../../ops/export.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import type { FileSink } from '../cli_io.js';
import type { Register } from '../command.js';
import { startProgress } from '../progress.js';
import { CommandError } from '../report.js';
import { logErrors, type Session, unwrap } from '../session.js';

interface ExportOptions {
  readonly out?: string;
}

const ownerOnly = 0o600;

const openSink = async (session: Session, out: string | undefined): Promise<FileSink> => {
  const { io } = session;
  if (out === undefined || out === '-') {
    return { write: (text) => io.stdout.write(text), close: () => Promise.resolve() };
  }
  return io.files.create(out, ownerOnly).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    const detail = `${out} cannot be made: ${why}`;
    throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
  });
};

const exportRecords = async (session: Session, { out }: ExportOptions): Promise<undefined> => {
  const { io, report, directories } = session;
  const log = unwrap(await openReadOnlyLog(io.disk, directories.walDir));
  const sink = await openSink(session, out);
  const progress = startProgress(io, report.options, { title: 'export', total: log.bytes });
  let bytes = 0;
  const write = (text: string): Promise<void> => {
    bytes += text.length;
    return sink.write(text);
  };
  try {
    const records = await logErrors(() =>
      exportLog(log, write, (done) => progress.update(bytes, `${done.records} records`)),
    );
    await sink.close();
    progress.stop();
    await report.note(`${records} records exported.`);
  } finally {
    progress.stop();
  }
};

export const registerExport: Register = (program, run) => {
  program
    .command('export')
    .description('write the whole log as JSON lines (from the data directory, no server needed)')
    .option('-o, --out <file>', 'file to make; standard output when left out')
    .action((options: ExportOptions, command) =>
      run(command, (session) => exportRecords(session, options)),
    );
};
