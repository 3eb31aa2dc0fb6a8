/** What a retraction would change, as a table for a person. */
import type { AnswerResult, ImpactAnswer } from '@stemedb/client';
import { numberCell, valueCell } from './cells.js';
import { escapeText } from './escape.js';
import type { Report } from './report.js';

/** How much hangs on the source. */
export const restsOn = (dependants: number): string =>
  dependants === 1 ? '1 record rests on it' : `${dependants} records rest on it`;

/** An answer in one cell. Under a lens that names no winner it is the state of the conflict. */
const answerCell = (result: AnswerResult | null): string => {
  if (result === null) return 'no answer';
  const conflict = `conflict ${numberCell(result.conflict_score)}`;
  if (result.value === undefined) return `${result.status}, ${conflict}`;
  const value = valueCell(result.value, result.unit, 24);
  return `${value} (${numberCell(result.confidence)}, ${conflict})`;
};

/** One page of the changes. */
export const showImpact = async (report: Report, page: ImpactAnswer): Promise<void> => {
  const { dependants, impacts, lens, as_of: asOf, position, next_cursor: cursor } = page;
  if (impacts.length === 0) {
    await report.note('No answer would change.');
  } else {
    const rows = impacts.map(({ concept_path: path, predicate, old, new: then }) => [
      escapeText(path),
      escapeText(predicate),
      answerCell(old),
      answerCell(then),
    ]);
    await report.table(['concept', 'predicate', 'answer now', 'without the source'], rows);
  }
  await report.note(`${restsOn(dependants)}; lens ${lens}, as of ${asOf}`);
  await report.note(`position ${position}`);
  if (cursor !== undefined) await report.note(`more: --cursor ${cursor}`);
};
