/**
 * `stemedb repair`: what is left of a log that a server refuses, and two ways on: the damaged files
 * from a copy, or what stands in front of the damage. Changes nothing unless one of them is asked.
 */
import { formatTime, originOf } from '@stemedb/model';
import { lockFileName } from '../../log/directory.js';
import { identityFileName } from '../../log/identity.js';
import { treeFileName } from '../../log/merkle/tree_file.js';
import { readRepairing, repairCutOff } from '../../log/repairing_file.js';
import { noLog } from '../../ops/no_log.js';
import { type CutLog, cutLog, roomForCut } from '../../ops/repair/cut.js';
import {
  type Examination,
  type ExamineInput,
  examine,
  idsOf,
  isSound,
} from '../../ops/repair/examine.js';
import { laterFileName } from '../../ops/repair/later_file.js';
import { carryOutMend, planMend } from '../../ops/repair/mend.js';
import { storeSequence } from '../../ops/repair/store_sequence.js';
import { counted } from '../cells.js';
import type { Register } from '../command.js';
import type { ExitName } from '../exit_codes.js';
import { lockDirectories } from '../locked_directories.js';
import { type CopyOptions, openCopy, withCopyOptions } from '../places.js';
import { CommandError, UsageError } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { jsonOfExamination, showExamination } from '../show_repair.js';

interface RepairOptions extends CopyOptions {
  readonly from?: string;
  readonly cut?: boolean;
  readonly dryRun?: boolean;
}

/** `set-aside-20260131-120000`. */
const asideNameAt = (wallMs: number): string => {
  const [day = '', time = ''] = formatTime(Math.floor(wallMs)).split('T');
  return `set-aside-${day.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}`;
};

class Repair {
  readonly #session: Session;
  readonly #options: RepairOptions;
  readonly #asideName: string;
  readonly #release: () => Promise<void>;
  #found: Examination | undefined;

  constructor(session: Session, options: RepairOptions, release: () => Promise<void>) {
    this.#session = session;
    this.#options = options;
    this.#asideName = asideNameAt(session.io.clock.wallMs());
    this.#release = release;
  }

  async run(): Promise<ExitName> {
    const { io, directories } = this.#session;
    const { from, cut, dryRun } = this.#options;
    const cutOff = unwrap(await readRepairing(io.disk, directories.walDir));
    if (cutOff !== undefined) {
      if (cut !== true || dryRun === true) unwrap(repairCutOff(directories.walDir));
      return this.#cut();
    }
    const input = await this.#input();
    const found = await examine(input);
    this.#found = found;
    await showExamination(this.#session, found);
    if (isSound(found)) return this.#nothingDone('ok');
    if (found.survey.tooNew !== undefined) return this.#nothingDone('format');
    if (found.survey.isAltered) throw altered();
    if (from !== undefined) {
      const mended = await this.#mend(input, found, from);
      if (mended === 'mended') return 'ok';
      if (mended === 'would mend') return this.#nothingDone('data');
    }
    if (cut !== true) return this.#nothingDone('data');
    if (found.ids === undefined) throw unreadable(directories.walDir);
    return dryRun === true ? this.#tellCut(found) : this.#cut();
  }

  async #input(): Promise<ExamineInput> {
    const { io, services, directories } = this.#session;
    const { walDir: directory, dbDir } = directories;
    const ids = await idsOf(io.disk, directory);
    const known =
      ids === undefined ? 0 : await storeSequence(io.disk, dbDir, services.engine, ids.databaseId);
    return { disk: io.disk, directory, knownSequence: known };
  }

  /** What a cut would do, or the error that it would end with before it changes anything. */
  async #tellCut(found: Examination): Promise<ExitName> {
    const { io, report, directories } = this.#session;
    unwrap(await roomForCut({ disk: io.disk, ...directories }, found.survey));
    const kept = counted(found.survey.kept, 'record');
    await report.note(`A cut would keep ${kept} in a new log and set the rest aside; it fits.`);
    return this.#nothingDone('data');
  }

  async #mend(
    input: ExamineInput,
    found: Examination,
    place: string,
  ): Promise<'mended' | 'would mend' | 'not mended'> {
    const { io, report } = this.#session;
    const onlyOf = found.ids?.logId;
    const copy = await openCopy(this.#session, place, { ...this.#options, onlyOf });
    const plan = unwrap(await planMend(input, found, copy));
    const names = [...plan.patches.keys()].sort();
    if (!isSound(plan.after)) {
      const rest = this.#options.cut === true ? '' : ' Nothing was changed.';
      await report.note(`${copy.facts.name} does not have all that is damaged.${rest}`);
      return 'not mended';
    }
    if (this.#options.dryRun === true) {
      await report.note(`${copy.facts.name} would put right: ${names.join(', ')}.`);
      return 'would mend';
    }
    const asideName = this.#asideName;
    const after = unwrap(await carryOutMend({ ...input, disk: io.disk, asideName }, plan));
    const records = counted(after.survey.kept, 'record');
    await this.#done({ done: 'mended', files: names, records: after.survey.kept }, [
      `Put right from ${copy.facts.name}: ${names.join(', ')}. The log has ${records}, all whole.`,
    ]);
    return 'mended';
  }

  async #cut(): Promise<ExitName> {
    const { io, services, directories } = this.#session;
    const { walDir, dbDir } = directories;
    const removeStore = async (): Promise<void> => {
      await services.engine.remove(dbDir);
      const tree = `${dbDir}/${treeFileName}`;
      if (await io.disk.exists(tree)) await io.disk.remove(tree);
    };
    const { disk, clock, random } = io;
    const asideName = this.#asideName;
    const release = this.#release;
    const effects = { disk, clock, random, removeStore, release };
    const survey = this.#found?.survey;
    const cut = unwrap(await cutLog({ ...effects, walDir, dbDir, asideName, survey }));
    await this.#showCut(cut);
    return 'ok';
  }

  async #showCut({ restored, later, asideName }: CutLog): Promise<void> {
    const { walDir } = this.#session.directories;
    const aside = `${walDir}/${asideName}`;
    const lines =
      restored === undefined
        ? [`A repair that had been cut off is at its end. What was there before is in ${aside}.`]
        : [
            `${counted(restored.records, 'record')} kept, in a new log that goes on from ` +
              `${restored.origin}; what was there before is in ${aside}.`,
            ...(later === 0 ? [] : [behindDamage(later, aside)]),
            `log ${originOf(restored.databaseId, restored.logId)}`,
            ...(restored.hasNodeKey ? [] : ['The node has a new key: the old one was lost.']),
          ];
    const records = restored?.records ?? null;
    const summary = { done: 'cut', records, behind_damage: later, set_aside: aside };
    await this.#done(summary, lines);
  }

  async #nothingDone(exit: ExitName): Promise<ExitName> {
    if (this.#session.report.options.json) await this.#json({ done: null });
    return exit;
  }

  #json(done: object): Promise<void> {
    const found = this.#found === undefined ? null : jsonOfExamination(this.#found);
    return this.#session.report.json({ found, ...done });
  }

  async #done(summary: object, lines: readonly string[]): Promise<void> {
    const { report } = this.#session;
    if (report.options.json) return this.#json(summary);
    for (const line of lines) await report.line(line);
    await report.note('Run "stemedb verify", then start the server.');
  }
}

const behindDamage = (records: number, aside: string): string =>
  `${counted(records, 'whole record')} behind the damage in ${aside}/${laterFileName}: ` +
  '"stemedb import" of that file states them again.';

const altered = (): CommandError =>
  new CommandError({
    code: 'log_altered',
    detail:
      'The log has every record that the checkpoint beside it was signed for, and they are ' +
      'others: this is no damage that a repair could mend. Nothing was changed.',
  });

const unreadable = (walDir: string): CommandError =>
  new CommandError({
    code: 'log_corrupt',
    detail:
      `Neither ${identityFileName} nor any segment in ${walDir} says which database this is. ` +
      'Restore a backup into an empty directory.',
  });

const repair = async (session: Session, options: RepairOptions): Promise<ExitName> => {
  const { io, directories } = session;
  if (options.dryRun === true && options.from === undefined && options.cut !== true) {
    throw new UsageError('--dry-run goes with --from or --cut; without them nothing is changed.');
  }
  const { walDir } = directories;
  const names = (await io.disk.exists(walDir)) ? await io.disk.list(walDir) : [];
  // A restore that was refused leaves its lock.
  if (names.every((name) => name === lockFileName)) throw new CommandError(noLog(walDir));
  const locks = await lockDirectories(io.disk, directories);
  try {
    return await new Repair(session, options, () => locks.release()).run();
  } finally {
    await locks.release();
  }
};

export const registerRepair: Register = (program, run) => {
  withCopyOptions(
    program
      .command('repair')
      .description('what is left of a damaged log, and put it right or cut it')
      .option(
        '--from <copy>',
        'put damaged files right from this backup or archive of the same log',
      )
      .option(
        '--cut',
        'keep what stands in front of the damage, as a new log; the rest is set aside',
      )
      .option('--dry-run', 'say what --from or --cut would do'),
  ).action((options: RepairOptions, command) =>
    run(command, (session) => repair(session, options)),
  );
};
