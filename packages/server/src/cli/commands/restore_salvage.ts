/** `stemedb restore COPY --salvage`: what a damaged copy still has, told before it is restored. */
import { laterFileName } from '../../ops/repair/later_file.js';
import { planSalvage, type SalvagePlan } from '../../ops/salvage/plan.js';
import { counted } from '../cells.js';
import type { ExitName } from '../exit_codes.js';
import { type CopyOptions, openHoledCopy } from '../places.js';
import { startProgress } from '../progress.js';
import type { Report } from '../report.js';
import { type Session, unwrap } from '../session.js';
import { jsonOfSalvage, linesOfSalvage } from '../show_salvage.js';

/** Reads the whole copy, and says what is left of it. */
export const salvageAt = async (
  session: Session,
  place: string,
  options: CopyOptions,
): Promise<SalvagePlan> => {
  const { io, report } = session;
  const holed = await openHoledCopy(session, place, options);
  const total = holed.copy.facts.records;
  const progress = startProgress(io, report.options, { title: 'salvage', total });
  try {
    const planned = await planSalvage(holed, (records) =>
      progress.update(records, `${records} records`),
    );
    progress.stop();
    const plan = unwrap(planned);
    if (!report.options.json) for (const line of linesOfSalvage(plan)) await report.line(line);
    return plan;
  } finally {
    progress.stop();
  }
};

/** The end of a dry run. */
export const nothingRestored = async (
  { report }: Session,
  plan: SalvagePlan | undefined,
): Promise<ExitName> => {
  if (report.options.json && plan !== undefined) {
    await report.json({ salvage: jsonOfSalvage(plan), done: null });
  }
  await report.note('Nothing was restored.');
  return 'data';
};

export const noteSalvage = async (
  report: Report,
  { laterRecords }: SalvagePlan,
  walDir: string,
): Promise<void> => {
  if (laterRecords === 0) return;
  await report.note(
    `${counted(laterRecords, 'whole record')} behind the damage in ${walDir}/${laterFileName}: ` +
      '"stemedb import" of that file states them again.',
  );
};
