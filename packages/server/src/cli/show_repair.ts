/** What is left of a damaged log, for people and for programs. */
import { type Examination, isSound } from '../ops/repair/examine.js';
import type { Range } from '../ops/repair/survey.js';
import { counted } from './cells.js';
import { escapeText } from './escape.js';
import type { Session } from './session.js';

/** Lines of each kind that a person is shown. */
const shownMax = 20;

/** Shown to people at once; programs get one document at the end. */
export const showExamination = async (session: Session, found: Examination): Promise<void> => {
  const { report } = session;
  if (report.options.json) return;
  for (const line of linesOf(found)) await report.line(line);
};

export const jsonOfExamination = (found: Examination): object => {
  const { faults, survey } = found;
  const { segments, bytes, damage, tornTail, contradictions, kept, later, laterIds, lost } = survey;
  const laterRecords = recordsIn(later);
  return {
    is_sound: isSound(found),
    ...{ segments, bytes, kept, later, lost },
    later_ids: laterIds,
    later_ids_left_out: laterRecords - laterIds.length,
    faults: [...faults].map(([file, detail]) => ({ file, detail })),
    damage: damage.map(({ segment, byte, detail }) => ({ segment, byte, detail })),
    torn_tail: tornTail === undefined ? null : { segment: tornTail.segment, byte: tornTail.byte },
    contradictions,
  };
};

const linesOf = (found: Examination): readonly string[] => {
  const { faults, survey } = found;
  const { damage, tooNew, contradictions, tornTail, kept, later, laterIds, lost } = survey;
  if (isSound(found)) {
    const torn = tornTail === undefined ? '' : '; the next start cuts a torn tail away';
    return [`Nothing to repair: ${counted(kept, 'record')}, all whole${torn}.`];
  }
  const findings = tooNew === undefined ? damage : [tooNew, ...damage];
  return [
    ...[...faults].map(([file, detail]) => `${file}: ${escapeText(detail)}`),
    ...shortened(findings.map(({ segment, byte, detail }) => `${segment}:${byte}: ${detail}`)),
    ...contradictions.map(escapeText),
    kept === 0
      ? 'No record stands in front of the damage.'
      : `Whole, in front of the damage: ${rangesText([{ from: 1, to: kept }])}.`,
    ...(later.length === 0 ? [] : [`Whole, behind damage: ${rangesText(later)}.`]),
    ...shortened(
      laterIds.map((id) => `  ${id}`),
      recordsIn(later),
    ),
    ...(lost.length === 0 ? [] : [`Not to be read: ${rangesText(lost)}.`]),
    '--from COPY puts damaged files right from a backup or archive of this log; --cut keeps what ' +
      'stands in front of the damage and sets the rest aside.',
  ];
};

export const shortened = (lines: readonly string[], all = lines.length): readonly string[] =>
  all <= shownMax
    ? lines
    : [...lines.slice(0, shownMax), `  and ${all - shownMax} more; see --json`];

const recordsIn = (ranges: readonly Range[]): number =>
  ranges.reduce((sum, { from, to }) => sum + to - from + 1, 0);

export const rangesText = (ranges: readonly Range[]): string => {
  const shown = ranges
    .slice(0, shownMax)
    .map(({ from, to }) => (from === to ? from : `${from}-${to}`));
  const more = ranges.length > shownMax ? ', ...' : '';
  return `${counted(recordsIn(ranges), 'record')} (${shown.join(', ')}${more})`;
};
