/** `stemedb restore COPY`: a backup or an archive into empty directories, as a log of its own. */
import { formatTime, type HlcStamp, stampMs } from '@stemedb/model';
import { type RestoredLog, restoreCopy } from '../../ops/restore_copy.js';
import type { SalvagePlan } from '../../ops/salvage/plan.js';
import { counted } from '../cells.js';
import { escapeText } from '../escape.js';
import type { ExitName } from '../exit_codes.js';
import { momentOf } from '../moment.js';
import { type CopyOptions, openCopy } from '../places.js';
import { startProgress } from '../progress.js';
import { CommandError, type Report, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { jsonOfSalvage } from '../show_salvage.js';
import { inSnakeCase } from '../snake_case.js';
import { noteSalvage, nothingRestored, salvageAt } from './restore_salvage.js';

export interface RestoreCopyOptions extends CopyOptions {
  readonly to?: string;
  readonly logOnly?: boolean;
  readonly salvage?: boolean;
  readonly dryRun?: boolean;
}

export const restoreCopyFrom = async (
  session: Session,
  place: string,
  options: RestoreCopyOptions,
): Promise<ExitName> => {
  const { io, report, directories } = session;
  const { to, logOnly, salvage, dryRun } = options;
  const until = to === undefined ? undefined : momentOf(to);
  if (to !== undefined && until === undefined) {
    throw new UsageError('--to must be a time such as 2026-01-31T12:00:00Z, or a stamp.');
  }
  const plan = salvage === true ? await salvageAt(session, place, options) : undefined;
  if (dryRun === true) return nothingRestored(session, plan);
  const copy = plan?.copy ?? (await openCopy(session, place, options));
  const progress = startProgress(io, report.options, { title: 'restore', total: copy.bytes });
  try {
    const restored = unwrap(
      await restoreCopy({
        ...{ disk: io.disk, clock: io.clock, random: io.random, ...directories, copy },
        to: until,
        beside: plan?.laterInto(io.disk, directories.walDir),
        onProgress: (phase, done) => progress.update(done, phase),
      }),
    );
    progress.stop();
    const storeSeconds = logOnly === true ? null : await buildStore(session, restored);
    const { name, writtenAtMs } = copy.facts;
    await show(session, restored, { storeSeconds, name, until, plan, writtenAtMs });
    return 'ok';
  } finally {
    progress.stop();
  }
};

/** So that a server is ready at once. */
const buildStore = async (session: Session, { records }: RestoredLog): Promise<number> => {
  const { io, report, services, directories } = session;
  const startedMs = io.clock.monotonicMs();
  const progress = startProgress(io, report.options, { title: 'store', total: records });
  try {
    const opened = await services.openDatabase(directories, ({ appliedSequence }) =>
      progress.update(appliedSequence, `${appliedSequence} records`),
    );
    const database = unwrap(opened);
    const applied = database.store.appliedSequence;
    await database.close();
    // One more than was taken from the copy: the continuation.
    if (applied !== records + 1) {
      const detail = `The store has ${applied - 1} of ${records} records; run "stemedb verify".`;
      throw new CommandError({ code: 'store_corrupt', detail });
    }
    return (io.clock.monotonicMs() - startedMs) / 1000;
  } finally {
    progress.stop();
  }
};

const show = async (
  { report, directories, options }: Session,
  restored: RestoredLog,
  how: {
    readonly storeSeconds: number | null;
    readonly name: string;
    readonly until: HlcStamp | undefined;
    readonly plan: SalvagePlan | undefined;
    readonly writtenAtMs: number;
  },
): Promise<void> => {
  const { records, assertions, leftOut, root, seconds, logId, origin, hasNodeKey } = restored;
  const { storeSeconds, name, until, plan, writtenAtMs } = how;
  if (report.options.json) {
    const phases = { ...seconds, store: storeSeconds };
    const told = { ...restored, seconds: phases, from: name, to: until ?? null };
    const salvage = plan && { salvage: jsonOfSalvage(plan) };
    await report.json(inSnakeCase({ ...told, ...salvage }));
  } else {
    await report.line(
      `${escapeText(name)} into ${directories.walDir}: ${counted(records, 'record')}, ` +
        `${counted(assertions, 'assertion')}`,
    );
    if (until !== undefined) {
      const time = formatTime(stampMs(until));
      await report.line(`${counted(leftOut, 'record')} after ${time} left out`);
    }
    await report.line(`root ${root}, compared`);
    await report.line(`log ${logId}, goes on from ${origin}`);
    await report.line(`seconds: ${secondsText({ ...seconds, store: storeSeconds })}`);
  }
  if (until !== undefined) await warnOfMoment(report, restored, stampMs(until), writtenAtMs);
  if (plan !== undefined) await noteSalvage(report, plan, directories.walDir);
  if (!hasNodeKey) {
    await report.note('The copy does not have the key of its node: this one has a new key.');
  }
  if (storeSeconds === null) await report.note('The first start of the server makes the store.');
  // Elsewhere than where the settings of the server say: it has no --data.
  if (options.data === undefined && options.walDir === undefined) return;
  const { walDir, dbDir } = directories;
  await report.note(`To serve it: stemedb-api --wal-dir ${walDir} --db-dir ${dbDir}`);
};

/** A moment may be mistyped, or be one that the copy does not reach. */
const warnOfMoment = async (
  report: Report,
  { records }: RestoredLog,
  untilMs: number,
  writtenAtMs: number,
): Promise<void> => {
  if (records === 0) {
    await report.warn('no record of the copy is as old as that: this is an empty database.');
  }
  if (untilMs <= writtenAtMs) return;
  await report.warn(
    `the copy was written at ${formatTime(writtenAtMs)}, before that moment: what was recorded ` +
      'after it is not here.',
  );
};

const secondsText = (seconds: { readonly [phase: string]: number | null }): string =>
  Object.entries(seconds)
    .flatMap(([phase, value]) => (value === null ? [] : [`${phase} ${value.toFixed(2)}`]))
    .join(', ');
