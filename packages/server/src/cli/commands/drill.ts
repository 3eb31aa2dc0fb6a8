/** `stemedb drill`: restores a copy into a scratch directory, asks it, checks it, reports. */
import type { StemeClient } from '@stemedb/client';
import { formatTime, type JsonValue, toHex } from '@stemedb/model';
import { parsePosition } from '../../log/position.js';
import { drawClaims } from '../../ops/drill/drawn_claims.js';
import { type Asked, type DrillReport, runDrill } from '../../ops/drill/drill.js';
import { formatDrillReport, formatEndedDrill } from '../../ops/drill/markdown.js';
import { openReadOnlyLog } from '../../ops/read_only_log.js';
import { restoreCopy } from '../../ops/restore_copy.js';
import { verifyDatabase } from '../../ops/verify.js';
import { checkStore } from '../../ops/verify_store.js';
import { counted } from '../cells.js';
import { type Register, wholeNumber } from '../command.js';
import { noteOnCopy } from '../copy_note.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { time } from '../moment.js';
import { type CopyOptions, openCopy, settingOf, withCopyOptions } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError, UsageError } from '../report.js';
import type { Directories } from '../services.js';
import { type Session, unwrap } from '../session.js';

interface DrillOptions extends CopyOptions {
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
  position: async () => parsePosition(String((await client.health()).position)),
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

/** A signal has asked for the end. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** A directory of its own; taken away at the end unless it shall be kept. */
const scratchRoot = ({ io }: Session, { scratch }: DrillOptions): string =>
  `${scratch ?? io.env.TMPDIR ?? '/tmp'}/stemedb-drill-${toHex(io.random.bytes(6))}`;

const drill = async (
  session: Session,
  place: string | undefined,
  options: DrillOptions,
): Promise<ExitName> => {
  const { io, report, services, directories } = session;
  const copy = await openCopy(session, place ?? (await defaultPlace(session, options)), options);
  const { facts } = copy;
  const root = scratchRoot(session, options);
  const scratch = { walDir: `${root}/wal`, dbDir: `${root}/db` };
  const stop = io.stopSignal?.();
  const goOn = (): void => {
    if (stop?.aborted === true) throw new Stopped();
  };
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
            onProgress: (phase, done) => {
              goOn();
              progress.update(done, `restore: ${phase}`);
            },
          }),
        serve: async () => {
          const served = await services.serve(scratch);
          if (!served.ok) return served;
          const asked = askedOver(session.client(undefined, { url: served.value.url }));
          return { ok: true, value: { asked, stop: served.value.stop } };
        },
        draw: async () => {
          const log = unwrap(await openReadOnlyLog(io.disk, scratch.walDir));
          return drawClaims(log, options.seed, options.claims);
        },
        verify: () => findingsIn(session, scratch),
        live,
        onPhase: (phase) => {
          goOn();
          progress.update(0, phase);
        },
        onClaim: goOn,
      },
      {
        lostAtMs: options.lostAt,
        recoveryTimeSecondsMax: options.maxRecoveryTime,
        recoveryPointSecondsMax: options.maxRecoveryPoint,
      },
    );
    progress.stop();
    if (!done.ok) {
      const at = formatTime(io.clock.wallMs());
      const text = formatEndedDrill(facts.name, at, `${done.error.code}: ${done.error.detail}`);
      await writeReport(session, options.report, text);
    }
    const result = unwrap(done);
    await writeReport(session, options.report, formatDrillReport(result));
    await tell(session, result);
    if (result.verdict !== 'passed') return 'failed';
    await noteOnCopy(session, 'drill', facts).catch((cause: unknown) =>
      report.warn(`the drill could not be noted in ${directories.walDir}: ${String(cause)}`),
    );
    return 'ok';
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    progress.stop();
    await report.warn('the drill was stopped before its end.');
    return 'failed';
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

const findingsIn = async (
  { io, services }: Session,
  scratch: Directories,
): Promise<readonly string[]> => {
  const findings: string[] = [];
  await verifyDatabase({
    disk: io.disk,
    ...scratch,
    isLocked: false,
    checkpoints: new Map(),
    checkStore: (onEvent) =>
      checkStore({ disk: io.disk, ...scratch, engine: services.engine }, onEvent),
    onFinding: ({ where, detail }) => findings.push(`${where}: ${detail}`),
    onProgress: () => undefined,
  });
  return findings;
};

const writeReport = async (
  { io }: Session,
  file: string | undefined,
  text: string,
): Promise<void> => {
  if (file === undefined) return;
  await io.files.replace(file, text).catch((cause: unknown) => {
    const detail = `The report ${file} cannot be written.`;
    throw new CommandError({ code: 'data_directory_unwritable', detail, cause });
  });
};

const tell = async ({ report }: Session, result: DrillReport): Promise<void> => {
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
  if (questions.live_lost) await report.note('The node in use stopped to answer on the way.');
  for (const failure of failures) await report.line(escapeText(failure));
  const colour = result.verdict === 'passed' ? 'green' : 'red';
  await report.line(report.paint(colour, `The drill has ${result.verdict}.`));
};

const claimsMax = 100_000;
const secondsMax = 31_536_000;

export const registerDrill: Register = (program, run) => {
  withCopyOptions(
    program
      .command('drill')
      .description('restore the newest backup into a scratch directory, ask it, check it, report')
      .argument('[copy]', 'a backup, or a place of backups or an archive (default: your backups)'),
  )
    .option('--archive', 'the archive of the configuration instead of its backups')
    .option('--scratch <dir>', 'where the scratch directory is made (default: $TMPDIR)')
    .option('--keep', 'leave the restored directory')
    .option('--claims <count>', 'claims that are looked up', wholeNumber(1, claimsMax), 200)
    .option('--seed <number>', 'draws them', wholeNumber(0, 2 ** 48), 1)
    .option('--lost-at <time>', 'when the data were lost: the recovery point counts to it', time)
    .option('--max-recovery-time <seconds>', 'fail above it', wholeNumber(0, secondsMax))
    .option('--max-recovery-point <seconds>', 'fail above it', wholeNumber(0, secondsMax))
    .option('--no-live', 'do not compare with the server that is in use')
    .option('--report <file>', 'write the report as Markdown too')
    .action((place: string | undefined, options: DrillOptions, command) =>
      run(command, (session) => drill(session, place, options)),
    );
};
