/** `stemedb archive`: the log into object storage as it grows; once, or until it is to stop. */
import { formatTime, type StemeError } from '@stemedb/model';
import { Archiver, type ArchiverInput, type PassReport } from '../../ops/archive/archiver.js';
import { follow } from '../../ops/archive/follow.js';
import { sealFor } from '../../ops/archive/seals.js';
import { counted } from '../cells.js';
import { type Register, wholeNumber } from '../command.js';
import type { ExitName } from '../exit_codes.js';
import { openPlace, settingOf } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { inSnakeCase } from '../snake_case.js';
import { showArchiveStatus } from './archive_status.js';
import { verifyOwnArchive } from './archive_verify.js';

interface ArchiveOptions {
  readonly to?: string;
  readonly follow?: boolean;
  readonly status?: boolean;
  readonly verify?: boolean;
  readonly interval?: number;
  readonly recipient?: string;
}

const intervalSecondsMax = 86_400;
const tellEachMs = 60_000;

const archive = async (session: Session, options: ArchiveOptions): Promise<ExitName> => {
  const asked = [options.follow, options.status, options.verify].filter((one) => one === true);
  if (asked.length > 1) {
    throw new UsageError('--follow, --status and --verify are different things; name one.');
  }
  const place = options.to ?? (await settingOf(session, 'archive_url'));
  if (place === '') {
    const todo = 'Name a place with --to or STEMEDB_ARCHIVE_URL, such as s3://bucket/prefix.';
    throw new CommandError({ code: 'invalid_configuration', detail: todo });
  }
  if (options.status === true) return showArchiveStatus(session, openPlace(session, place));
  if (options.verify === true) return verifyOwnArchive(session, place);
  const stop = options.follow === true ? session.io.stopSignal?.() : undefined;
  const input = await archiverInput(session, options, place, stop);
  if (options.follow === true) return following(session, options, input, stop);
  const report = await passOnce(session, input);
  if (session.report.options.json) await session.report.json(inSnakeCase(report));
  else await tell(session, report);
  return 'ok';
};

const passOnce = async ({ io, report }: Session, input: ArchiverInput): Promise<PassReport> => {
  const progress = startProgress(io, report.options, { title: 'archive', total: 100 });
  const onCommit = (position: number, records: number): void =>
    progress.update((100 * position) / records, `${position} of ${counted(records, 'record')}`);
  try {
    return unwrap(await new Archiver({ ...input, onCommit }).pass());
  } finally {
    progress.stop();
  }
};

/** A pass that takes long, as the first one of a long log, says now and then how far it is. */
const tellerOf = (
  { io, report }: Session,
  place: string,
): NonNullable<ArchiverInput['onCommit']> => {
  let toldMs = io.clock.monotonicMs();
  return (position, records) => {
    const nowMs = io.clock.monotonicMs();
    if (position === records || nowMs - toldMs < tellEachMs || report.options.json) return;
    toldMs = nowMs;
    const when = formatTime(io.clock.wallMs());
    void report.line(`${when} ${place}: ${position} of ${counted(records, 'record')} so far`);
  };
};

const archiverInput = async (
  session: Session,
  options: ArchiveOptions,
  place: string,
  stop: AbortSignal | undefined,
): Promise<ArchiverInput> => {
  const { io, directories } = session;
  const recipient = options.recipient ?? (await settingOf(session, 'archive_recipient'));
  return {
    ...{ disk: io.disk, clock: io.clock, walDir: directories.walDir },
    sleep: (delayMs) => io.sleep(delayMs),
    store: openPlace(session, place, stop),
    seal: unwrap(await sealFor(recipient)),
    writer: session.version,
  };
};

const following = async (
  session: Session,
  options: ArchiveOptions,
  input: ArchiverInput,
  stop: AbortSignal = new AbortController().signal,
): Promise<ExitName> => {
  const { io, report, directories } = session;
  const seconds = options.interval ?? Number(await settingOf(session, 'archive_interval'));
  const onCommit = tellerOf(session, input.store.place);
  const archiver = new Archiver({ ...input, onCommit });
  let failure: string | undefined;
  const error = await follow({
    ...{ disk: io.disk, clock: io.clock, walDir: directories.walDir, stop },
    intervalMs: 1000 * seconds,
    sleep: (delayMs) => io.sleep(delayMs),
    pass: () => archiver.pass(),
    onPass: async (passed) => {
      if (failure !== undefined) await report.note('The archive is up to date again.');
      failure = undefined;
      const isNew = passed.segments + passed.parts > 0;
      if (report.options.json) await report.json(inSnakeCase(passed));
      else if (isNew) await tell(session, passed, `${formatTime(io.clock.wallMs())} `);
    },
    // The same failure again would say nothing new, every few seconds.
    onFailure: async ({ code, detail }: StemeError) => {
      if (failure === detail) return;
      failure = detail;
      // Of a log that is gone or is another one, that would not be true.
      const isSafe = !['not_found', 'log_altered', 'log_corrupt'].includes(code);
      const meanwhile = isSafe ? '; nothing is lost meanwhile' : '';
      await report.warn(`${code}: ${detail} It is tried again${meanwhile}.`);
    },
  });
  if (error !== undefined) throw new CommandError(error);
  return 'ok';
};

const tell = async ({ report }: Session, passed: PassReport, when = ''): Promise<void> => {
  const { position, segments, parts, storedBytes, seconds, place, isNoted } = passed;
  const put =
    segments + parts === 0
      ? 'nothing new'
      : `${counted(segments, 'segment')} and ${counted(parts, 'part')} put, ` +
        `${counted(storedBytes, 'byte')}, ${seconds.toFixed(2)} s`;
  await report.line(`${when}${place}: ${counted(position, 'record')}; ${put}`);
  if (!isNoted) await report.warn('the time could not be written beside the log, for the metrics.');
};

export const registerArchive: Register = (program, run) => {
  program
    .command('archive')
    .description('put what is new of the log into object storage')
    .option('--to <place>', 's3://bucket/prefix or a directory (default: $STEMEDB_ARCHIVE_URL)')
    .option('--follow', 'go on until SIGTERM: segments as they seal, the rest each interval')
    .option('--status', 'say how far the archive is and how old')
    .option('--verify', 'read the archive of this log whole, and say what of it is damaged')
    .option(
      '--interval <seconds>',
      'between two passes (default: $STEMEDB_ARCHIVE_INTERVAL)',
      wholeNumber(1, intervalSecondsMax),
    )
    .option('--recipient <key>', 'age public key (default: $STEMEDB_ARCHIVE_RECIPIENT)')
    .action((options: ArchiveOptions, command) =>
      run(command, (session) => archive(session, options)),
    );
};
