/** An answer of the server as tables for a person. Everything a claim says is escaped. */
import type { Answer, AnswerConstraint, AnswerResult } from '@stemedb/client';
import { counted, numberCell, shortId, valueCell } from './cells.js';
import { escapeText, escapeValue } from './escape.js';
import type { Report, Row } from './report.js';

const head = ['concept', 'predicate', 'value', 'confidence', 'conflict', 'status', 'claims', 'id'];

const row = (result: AnswerResult): Row => [
  escapeText(result.concept_path),
  escapeText(result.predicate),
  valueCell(result.value, result.unit) + (result.tied ? ' (tied)' : ''),
  numberCell(result.confidence),
  numberCell(result.conflict_score),
  result.status,
  String(result.candidates_count),
  shortId(result.assertion?.id),
];

const showValues = async (report: Report, result: AnswerResult): Promise<void> => {
  const rows = (result.values ?? []).map((value) => [
    valueCell(value.value, value.unit),
    numberCell(value.share),
    numberCell(value.support),
    String(value.claims),
    value.assertion,
  ]);
  await report.table(['value', 'share', 'support', 'claims', 'first claim'], rows);
};

const showTiers = async (report: Report, result: AnswerResult): Promise<void> => {
  const rows = (result.tiers ?? []).map((tier) => [
    `${tier.tier} ${escapeText(tier.class)}`,
    valueCell(tier.value, tier.unit),
    numberCell(tier.confidence),
    numberCell(tier.conflict_score),
    String(tier.candidates_count),
    tier.assertion,
  ]);
  await report.table(['tier', 'value', 'confidence', 'conflict', 'claims', 'id'], rows);
};

type Constraint = AnswerResult & { readonly constraint: AnswerConstraint };

const showConstraints = async (report: Report, results: readonly Constraint[]): Promise<void> => {
  const rows = results.map((result) => {
    const { type, subject, distance, contradicted_by: contradicted = [] } = result.constraint;
    return [
      type,
      escapeText(subject),
      valueCell(result.value, result.unit),
      `${escapeText(result.concept_path)}${distance === 0 ? '' : ` (${distance} up)`}`,
      result.status,
      contradicted.map(escapeText).join(', '),
    ];
  });
  const names = ['constraint', 'of what', 'value', 'stated of', 'status', 'contradicted by'];
  await report.table(names, rows);
};

const nameOf = (result: AnswerResult): string =>
  `${escapeText(result.concept_path)} ${escapeText(result.predicate)}`;

/** The state of the winning claim, unless it is the one that claims begin with, as stated. */
const stateOf = ({ assertion, lifecycle, voice_of: voice }: AnswerResult): string | undefined => {
  if (lifecycle === undefined || assertion?.record.kind !== 'assertion') return undefined;
  const stated = assertion.record.lifecycle ?? 'proposed';
  if (lifecycle === 'proposed' && stated === lifecycle && voice === undefined) return undefined;
  const claimed = stated === lifecycle ? '' : `, though it states ${stated}`;
  return `${lifecycle}${claimed}${voice === undefined ? '' : `, with the voice of ${voice}`}`;
};

/** What is to be said beside a result; `place` tells of which, where there are several. */
const showRemarks = async (report: Report, result: AnswerResult, place: string): Promise<void> => {
  const { aliases = [], notes = [], warnings = [] } = result;
  const state = stateOf(result);
  if (state !== undefined) await report.line(`${place}state in effect: ${state}`);
  if (aliases.length > 0) {
    await report.line(`${place}joined by aliases: ${aliases.map(escapeText).join(', ')}`);
  }
  for (const note of notes) await report.line(`${place}note: ${escapeText(note)}`);
  for (const { code, detail } of warnings) {
    await report.warn(`${place}${code}: ${escapeText(detail)}`);
  }
};

/** Everything below the main row: values, tiers, explanation. */
const showDetails = async (report: Report, result: AnswerResult): Promise<void> => {
  const { values, explain } = result;
  // How each constraint stands in each tier would drown the constraints.
  const tiers = result.constraint === undefined ? result.tiers : undefined;
  if (values !== undefined || tiers !== undefined || explain !== undefined) {
    await report.line(report.paint('bold', nameOf(result)));
  }
  if (values !== undefined) {
    await report.line(
      `${result.status}: conflict ${numberCell(result.conflict_score)}, ` +
        `${counted(result.values_count, 'value')}, ${numberCell(result.entropy_bits)} bits`,
    );
    await showValues(report, result);
  }
  if (tiers !== undefined) await showTiers(report, result);
  if (explain !== undefined) await showExplanation(report, explain);
};

/** An explanation is an object of factors with lists of rows in it; shown as it is. */
const showExplanation = async (report: Report, explain: unknown): Promise<void> => {
  if (typeof explain !== 'object' || explain === null) return;
  for (const [name, value] of Object.entries(explain)) {
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'object')) {
      await report.line(`${escapeText(name)}: ${escapeValue(value)}`);
      continue;
    }
    if (value.length === 0) continue;
    await report.line(`${escapeText(name)} (${value.length}):`);
    await showRows(report, value as readonly object[]);
  }
};

/** Columns that tell one candidate from another; `--json` has all the others. */
const candidateColumns: readonly string[] = [
  'assertion',
  'origin_name',
  'class',
  'effective_confidence',
  'trust',
  'effective_time',
  'contribution',
  'reason',
];

/** Reasons name ids: all of a reason is worth a wide table. */
const reasonWidth = 200;

/** Objects as a table whose columns are the names that occur, in order of appearance. */
const showRows = async (report: Report, items: readonly object[]): Promise<void> => {
  if (items.length === 0) return;
  const found = new Set(items.flatMap((item) => Object.keys(item)));
  const isCandidates = candidateColumns.every((name) => found.has(name));
  const names = isCandidates ? candidateColumns : [...found];
  const rows = items.map((item) => {
    const cells = new Map<string, unknown>(Object.entries(item));
    return names.map((name) => {
      const cell = cells.get(name);
      if (cell === undefined) return '';
      if (typeof cell === 'number') return numberCell(cell);
      const isId = typeof cell === 'string' && /^[0-9a-f]{64}$/.test(cell);
      if (isId) return shortId(cell);
      return name === 'reason' ? valueCell(cell, undefined, reasonWidth) : valueCell(cell);
    });
  });
  await report.table(names.map(escapeText), rows);
};

/** The whole answer; an answer without results says so on standard error. */
export const showAnswer = async (report: Report, answer: Answer): Promise<void> => {
  const { results } = answer;
  if (results.length === 0) {
    await report.note('There is no claim about this that takes part.');
    return;
  }
  const constraints = results.flatMap(({ constraint, ...result }) =>
    constraint === undefined ? [] : [{ ...result, constraint }],
  );
  // Under a lens that names no winner the main table would be a row of dashes.
  if (constraints.length > 0) {
    await showConstraints(report, constraints);
  } else if (results.some((result) => result.assertion !== undefined)) {
    await report.table(head, results.map(row));
  }
  for (const result of results) {
    await showDetails(report, result);
    await showRemarks(report, result, results.length > 1 ? `${nameOf(result)}: ` : '');
  }
  const [only, ...others] = results;
  if (only?.assertion !== undefined && others.length === 0) {
    await report.note(`the claim: ${only.assertion.id}`);
  }
  const classes = answer.classes === undefined ? '' : ', source classes self-declared';
  await report.note(`lens ${answer.lens}, as of ${answer.as_of}${classes}`);
  await report.note(`the same answer again: --as-of ${answer.as_of_stamp}`);
  if (answer.next_cursor !== undefined) {
    await report.note(`more: --cursor ${answer.next_cursor}`);
  }
};
