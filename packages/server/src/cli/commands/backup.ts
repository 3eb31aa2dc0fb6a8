/** `stemedb backup`: copies of the log that can be restored elsewhere. */
import { formatTime, ok } from '@stemedb/model';
import { sodiumVerify } from '../../ingest/sodium.js';
import type { ObjectStore } from '../../io/object_store.js';
import { type BackupForecast, type BackupReport, takeBackup } from '../../ops/backup/backup.js';
import { type FoundBackup, findBackups } from '../../ops/backup/places.js';
import { storeErrors } from '../../ops/store_errors.js';
import { counted } from '../cells.js';
import { type Register, wholeNumber } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { isShared, openPlace, settingOf } from '../places.js';
import { startProgress } from '../progress.js';
import { type Row, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { inSnakeCase } from '../snake_case.js';

interface BackupOptions {
  readonly to?: string;
  readonly incremental?: boolean;
  readonly keep?: number;
  readonly keepDays?: number;
  readonly dryRun?: boolean;
  readonly list?: boolean;
}

const keepMax = 100_000;

const backup = async (session: Session, options: BackupOptions): Promise<ExitName> => {
  const place = options.to ?? (await settingOf(session, 'backup_url'));
  const store = openPlace(session, place);
  if (options.list === true) return list(session, store, options);
  const { io, report, directories } = session;
  const progress = startProgress(io, report.options, { title: 'backup', total: 100 });
  try {
    const taken = unwrap(
      await takeBackup({
        ...{ disk: io.disk, clock: io.clock, sleep: (ms: number) => io.sleep(ms) },
        ...{ verify: sodiumVerify, walDir: directories.walDir, store },
        keepsSecrets: !isShared(place),
        version: session.version,
        isIncremental: options.incremental === true,
        retention: {
          ...(options.keep !== undefined && { count: options.keep }),
          ...(options.keepDays !== undefined && { days: options.keepDays }),
        },
        isDryRun: options.dryRun === true,
        onProgress: (done, total) =>
          progress.update((100 * done) / total, `${megabytes(done)} of ${megabytes(total)}`),
      }),
    );
    progress.stop();
    if (taken.type === 'forecast') return showForecast(session, taken.forecast);
    return showBackup(session, taken.report, options);
  } finally {
    progress.stop();
  }
};

const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

const showBackup = async (
  { report }: Session,
  made: BackupReport,
  options: BackupOptions,
): Promise<ExitName> => {
  const { name, place, type, base, records, assertions, root, seconds, removed } = made;
  if (report.options.json) await report.json(inSnakeCase(made));
  else {
    const from = base === null ? '' : ` on ${base}`;
    await report.line(`${place}/${name}: ${type}${from}`);
    await report.line(`${counted(records, 'record')}, ${counted(assertions, 'assertion')}`);
    await report.line(`root ${root}`);
    await report.line(
      `${megabytes(made.copiedBytes)} copied, ${megabytes(made.referredBytes)} referred to, ` +
        `${seconds.toFixed(2)} s`,
    );
    for (const gone of removed) await report.line(`removed ${gone}`);
  }
  if (options.incremental === true && type === 'full') {
    await report.note(
      'There is no sound backup of this log here to go on from: this is a full one.',
    );
  }
  if (made.unproven > 0) {
    await report.warn(
      `it ends ${counted(made.unproven, 'record')} before the log: the server has not shown ` +
        'within 2 s that what follows is on the disk; look at its log.',
    );
  }
  if (!made.hasIdentity) {
    await report.note('The key of the node is not in it: a restore will make a new one.');
  }
  if (made.notRemoved !== null) {
    await report.warn(`it was made, but not all others were removed: ${made.notRemoved}`);
  }
  if (!made.isNoted) await report.warn("it could not be noted for the server's metrics.");
  return tellUnread({ report }, made);
};

const tellUnread = async (
  { report }: Pick<Session, 'report'>,
  { damaged, tooNew }: Pick<BackupReport, 'damaged' | 'tooNew'>,
): Promise<ExitName> => {
  const untilThen = 'while it is there none is removed.';
  for (const name of damaged)
    await report.warn(`the metadata of ${name} are damaged; ${untilThen}`);
  for (const name of tooNew) {
    await report.warn(`${name} was made by a newer version of this program; ${untilThen}`);
  }
  return damaged.length > 0 ? 'data' : tooNew.length > 0 ? 'format' : 'ok';
};

const showForecast = async (session: Session, forecast: BackupForecast): Promise<ExitName> => {
  const { report } = session;
  const { place, type, base, records, copiedBytes, referredBytes, removed } = forecast;
  if (report.options.json) await report.json(inSnakeCase(forecast));
  else {
    const from = base === null ? '' : ` on ${base}`;
    await report.line(
      `Would make ${type === 'full' ? 'a full' : 'an incremental'} backup${from} of ` +
        `${counted(records, 'record')} at ${place}: ${megabytes(copiedBytes)} to copy, ` +
        `${megabytes(referredBytes)} to refer to.`,
    );
    for (const gone of removed) await report.line(`Would remove ${gone}.`);
  }
  return tellUnread(session, forecast);
};

const list = async (
  { report }: Session,
  store: ObjectStore,
  options: BackupOptions,
): Promise<ExitName> => {
  const others = [options.incremental, options.keep, options.keepDays, options.dryRun];
  if (others.some((option) => option !== undefined)) {
    throw new UsageError('--list only lists: it takes no other option but --to.');
  }
  const found = unwrap(await storeErrors(async () => ok(await findBackups(store))));
  if (report.options.json) await report.json(found.map(listed));
  else if (found.length === 0) await report.line(`There are no backups at ${store.place}.`);
  else {
    const head = ['backup', 'state', 'taken', 'records', 'assertions', 'own bytes', 'refers to'];
    await report.table(head, found.map(rowOf));
  }
  const states = new Set(found.map(({ state }) => state));
  return states.has('damaged') ? 'data' : states.has('too_new') ? 'format' : 'ok';
};

const bytesOf = ({ files }: FoundBackup): number =>
  [...files.values()].reduce((sum, bytes) => sum + bytes, 0);

const listed = (backup: FoundBackup): object => {
  const { name, state } = backup;
  const place = { name, state, bytes: bytesOf(backup) };
  if ('detail' in backup) return { ...place, detail: backup.detail };
  if (backup.state === 'incomplete') return { ...place, begun: formatTime(backup.begunMs) };
  return { ...place, ...backup.metadata, refers_to: backup.refersTo };
};

const rowOf = (backup: FoundBackup): Row => {
  const { name, state } = backup;
  const bytes = String(bytesOf(backup));
  if (backup.state !== 'complete') return [name, escapeText(state), '-', '-', '-', bytes, '-'];
  const { type, time, record_count: records, assertion_count: assertions } = backup.metadata;
  const others = backup.refersTo.join(' ');
  return [name, type, time, String(records), String(assertions), bytes, others || '-'];
};

export const registerBackup: Register = (program, run) => {
  program
    .command('backup')
    .description('copy the log, beside a running server or without one')
    .option('--to <place>', 'a directory or s3://bucket/prefix (default: $STEMEDB_BACKUP_URL)')
    .option('--incremental', 'copy only what the newest backup there does not have')
    .option(
      '--keep <n>',
      'then keep the newest n backups and what they need',
      wholeNumber(1, keepMax),
    )
    .option('--keep-days <n>', 'then keep those of the last n days', wholeNumber(1, keepMax))
    .option('--dry-run', 'say what would be copied and removed')
    .option('--list', 'list the backups there')
    .action((options: BackupOptions, command) =>
      run(command, (session) => backup(session, options)),
    );
};
