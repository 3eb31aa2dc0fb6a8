/**
 * `stemedb export`: the whole log as JSON lines, read from the data directory without the server.
 * Nothing is locked or changed; beside a running server it shows what is on the disk by now.
 */
import { diskErrorCode } from '../../io/disk.js';
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

const stopped = new CommandError({
  code: 'conflict',
  detail: 'The export was stopped before its end; nothing of it is left.',
});

const openSink = async (session: Session, out: string | undefined): Promise<FileSink> => {
  const { io } = session;
  if (out === undefined || out === '-') {
    const nothing = (): Promise<void> => Promise.resolve();
    return { write: (text) => io.stdout.write(text), close: nothing, discard: nothing };
  }
  const failed = (cause: unknown): never => {
    if (diskErrorCode(cause) === 'EEXIST') {
      const detail = `${out} is there already; name another file with --out.`;
      throw new CommandError({ code: 'conflict', detail, cause });
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    const isFull = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(diskErrorCode(cause));
    const code = isFull ? 'disk_full' : 'data_directory_unwritable';
    throw new CommandError({ code, detail: `${out} cannot be made: ${why}.`, cause });
  };
  const sink = await io.files.create(out, ownerOnly).catch(failed);
  const stop = io.stopSignal?.();
  return {
    write: async (text) => {
      if (stop?.aborted === true) throw stopped;
      await sink.write(text).catch(failed);
    },
    close: () => sink.close().catch(failed),
    discard: () => sink.discard(),
  };
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
    const isFile = out !== undefined && out !== '-';
    if (report.options.json && isFile) await report.json({ records, file: out });
    else await report.note(`${records} records exported.`);
  } catch (error) {
    await sink.discard().catch(() => undefined);
    throw error;
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
