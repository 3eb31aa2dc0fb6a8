/** `stemedb drill`: restores a copy into a scratch directory, asks it, checks it, reports. */
import type { StemeClient } from '@stemedb/client';
import { type JsonValue, parseTime, toHex } from '@stemedb/model';
import { InvalidArgumentError } from 'commander';
import { readIdentity } from '../../log/identity.js';
import { drawClaims } from '../../ops/drawn_claims.js';
import { type Asked, type DrillReport, runDrill } from '../../ops/drill.js';
import { formatDrillReport } from '../../ops/drill_markdown.js';
import type { LogCopyFacts } from '../../ops/log_copy.js';
import { noteOperation } from '../../ops/operations_file.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import { restoreCopy } from '../../ops/restore_copy.js';
import { verifyDatabase } from '../../ops/verify.js';
import { checkStore } from '../../ops/verify_store.js';
import { counted } from '../cells.js';
import { type Register, wholeNumber } from '../command.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { openCopy, settingOf } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError, UsageError } from '../report.js';
import { type Directories, type Session, unwrap } from '../session.js';

interface DrillOptions {
  readonly archive?: boolean;
  readonly scratch?: string;
  readonly keep?: boolean;
  readonly claims: number;
  readonly seed: number;
  readonly lostAt?: number;
  readonly maxRecoveryTime?: number;
  readonly maxRecoveryPoint?: number;
  readonly live: boolean;
  readonly report?: string;
}

/** What a drill asks of a server, over its API, as the JSON that it came as. */
const askedOver = (client: StemeClient): Asked => ({
  record: async (id) => (await client.record(id))?.record as unknown as JsonValue | undefined,
  results: async (question) => (await client.query(question)).results as unknown as JsonValue,
  records: async () => Number((await client.health()).record_count),
});

/** The node in use, when it answers and has the same database. */
const liveNode = async (session: Session, databaseId: string): Promise<Asked | undefined> => {
  const client = session.client();
  const health = await client.health().catch(() => undefined);
  if (health === undefined) {
    await session.report.note(`No server answers at ${session.url}: answers are not compared.`);
    return undefined;
  }
  if (health.database_id === databaseId) return askedOver(client);
  await session.report.note(`The server at ${session.url} has another database: not compared.`);
  return undefined;
};

/** A directory of its own; taken away at the end unless it shall be kept. */
const scratchRoot = ({ io }: Session, { scratch }: DrillOptions): string =>
  `${scratch ?? io.env.TMPDIR ?? '/tmp'}/stemedb-drill-${toHex(io.random.bytes(6))}`;

const drill = async (
  session: Session,
  place: string | undefined,
  options: DrillOptions,
): Promise<ExitName> => {
  const { io, report, services } = session;
  const copy = await openCopy(session, place ?? (await defaultPlace(session, options)));
  const { facts } = copy;
  const root = scratchRoot(session, options);
  const scratch = { walDir: `${root}/wal`, dbDir: `${root}/db` };
  const live = options.live ? await liveNode(session, facts.databaseId) : undefined;
  const progress = startProgress(io, report.options, { title: 'drill', total: 0 });
  try {
    const done = await runDrill(
      {
        clock: io.clock,
        facts,
        restore: () =>
          restoreCopy({
            ...{ disk: io.disk, clock: io.clock, random: io.random, ...scratch, copy },
            onProgress: (phase, done) => progress.update(done, `restore: ${phase}`),
          }),
        serve: async () => {
          const served = await services.serve(scratch);
          if (!served.ok) return served;
          const { url, stop } = served.value;
          return {
            ok: true,
            value: { asked: askedOver(session.client(undefined, { url })), stop },
          };
        },
        draw: async () => {
          const log = unwrap(await openReadOnlyLog(io.disk, scratch.walDir));
          return drawClaims(log, options.seed, options.claims);
        },
        verify: () => findingsIn(session, scratch),
        live,
        onPhase: (phase) => progress.update(0, phase),
      },
      {
        lostAtMs: options.lostAt,
        recoveryTimeSecondsMax: options.maxRecoveryTime,
        recoveryPointSecondsMax: options.maxRecoveryPoint,
      },
    );
    progress.stop();
    const result = unwrap(done);
    await tell(session, result, options.report);
    if (result.verdict !== 'passed') return 'failed';
    await notePassed(session, facts);
    return 'ok';
  } finally {
    progress.stop();
    if (options.keep === true) await report.note(`The restored data are in ${root}.`);
    else await io.files.removeTree(root);
  }
};

const defaultPlace = async (session: Session, { archive }: DrillOptions): Promise<string> => {
  const place = await settingOf(session, archive === true ? 'archive_url' : 'backup_url');
  if (place !== '') return place;
  throw new UsageError('Name the archive, or set STEMEDB_ARCHIVE_URL.');
};

const findingsIn = async ({ io, services }: Session, scratch: Directories): Promise<number> => {
  const { findings } = await verifyDatabase({
    disk: io.disk,
    ...scratch,
    isLocked: false,
    checkpoints: new Map(),
    checkStore: (onEvent) =>
      checkStore({ disk: io.disk, ...scratch, engine: services.engine }, onEvent),
    onFinding: () => undefined,
    onProgress: () => undefined,
  });
  return findings;
};

/** Beside the log of the node in use, when this is its machine, so that its metrics tell of it. */
const notePassed = async (
  { io, directories, report }: Session,
  { name, databaseId, records }: LogCopyFacts,
): Promise<void> => {
  const { walDir } = directories;
  const identity = await readIdentity(io.disk, walDir).catch(() => undefined);
  if (identity?.ok !== true || identity.value?.databaseId !== databaseId) return;
  const done = { finishedAtMs: io.clock.wallMs(), position: records, name };
  await noteOperation(io.disk, walDir, 'drill', done).catch((cause: unknown) =>
    report.warn(`the drill could not be noted in ${walDir}: ${String(cause)}`),
  );
};

const tell = async (
  { io, report }: Session,
  result: DrillReport,
  file: string | undefined,
): Promise<void> => {
  if (file !== undefined) {
    await io.files.replace(file, formatDrillReport(result)).catch((cause: unknown) => {
      const detail = `The report ${file} cannot be written.`;
      throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
    });
  }
  if (report.options.json) return report.json(result);
  const { copy, recovery_point: point, questions, failures } = result;
  await report.line(
    `${copy.what} ${escapeText(copy.name)}: ${counted(copy.records, 'record')}, ` +
      counted(copy.assertions, 'assertion'),
  );
  const rows = result.phases.map(({ phase, seconds }) => [phase, `${seconds.toFixed(2)} s`]);
  await report.table(['phase', 'time'], rows);
  await report.line(`recovery time ${result.recovery_time_seconds.toFixed(2)} s`);
  const behind =
    point.records_behind === null ? '' : `, ${counted(point.records_behind, 'record')} behind`;
  await report.line(
    `recovery point ${point.at}, ${point.age_seconds.toFixed(1)} s before the ` +
      `${point.measured_to}${behind}`,
  );
  await report.line(
    `${counted(questions.claims, 'claim')} looked up, ${questions.missing} missing; ` +
      `${questions.compared} answers compared, ${questions.different} different`,
  );
  for (const failure of failures) await report.line(escapeText(failure));
  const colour = result.verdict === 'passed' ? 'green' : 'red';
  await report.line(report.paint(colour, `The drill has ${result.verdict}.`));
};

const moment = (text: string): number => {
  const ms = parseTime(/^\d+$/.test(text) ? Number(text) : text);
  if (ms !== undefined) return ms;
  throw new InvalidArgumentError('It must be an RFC 3339 time such as 2026-01-31T12:00:00Z.');
};

const claimsMax = 100_000;
const secondsMax = 31_536_000;

export const registerDrill: Register = (program, run) => {
  program
    .command('drill')
    .description('restore the newest backup into a scratch directory, ask it, check it, report')
    .argument('[copy]', 'a backup, or a place of backups or of an archive (default: your backups)')
    .option('--archive', 'the archive of the configuration instead of its backups')
    .option('--scratch <dir>', 'where the scratch directory is made (default: $TMPDIR)')
    .option('--keep', 'leave the restored directory')
    .option('--claims <count>', 'claims that are looked up', wholeNumber(1, claimsMax), 200)
    .option('--seed <number>', 'draws them', wholeNumber(0, 2 ** 48), 1)
    .option('--lost-at <time>', 'when the data were lost: the recovery point counts to it', moment)
    .option('--max-recovery-time <seconds>', 'fail above it', wholeNumber(0, secondsMax))
    .option('--max-recovery-point <seconds>', 'fail above it', wholeNumber(0, secondsMax))
    .option('--no-live', 'do not compare with the server that is in use')
    .option('--report <file>', 'write the report as Markdown too')
    .action((place: string | undefined, options: DrillOptions, command) =>
      run(command, (session) => drill(session, place, options)),
    );
};
