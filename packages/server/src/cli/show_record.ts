/** Records on their own and in lists, for a person. Everything an author wrote is escaped. */
import type { AssertionDetail, ListedRecord, RecordList, StatedRecord } from '@stemedb/client';
import { formatTime } from '@stemedb/model';
import { counted, numberCell, valueCell } from './cells.js';
import { describeRecord } from './describe_record.js';
import { escapeText } from './escape.js';
import type { Report } from './report.js';

/** A field of a record is cut after so many characters; `--json` has all of it. */
const fieldWidth = 400;

const showEffect = async (report: Report, listed: ListedRecord, indent = ''): Promise<void> => {
  const { effective, not_effective: rule = 'no rule is named' } = listed;
  if (effective) return;
  const label = report.paint('yellow', 'without effect');
  await report.line(`${indent}${label}: ${escapeText(rule)}`);
};

/** One record of a list: its id as one can copy it, what it says, and who said it when. */
const showListed = async (report: Report, listed: ListedRecord, indent = ''): Promise<void> => {
  const { id, record, recorded_at: recordedAt } = listed;
  await report.line(`${indent}${report.paint('bold', id)}`);
  await report.line(`${indent}  ${describeRecord(record)}`);
  await report.line(`${indent}  by ${record.agent_id}, recorded at ${recordedAt}`);
  await showEffect(report, listed, `${indent}  `);
};

/** A page of records; with `--quiet` their ids alone. */
export const showList = async (report: Report, list: RecordList): Promise<void> => {
  const { records, as_of: asOf, as_of_stamp: stamp, next_cursor: cursor } = list;
  for (const listed of records) {
    if (report.options.quiet) await report.line(listed.id);
    else await showListed(report, listed);
  }
  if (records.length === 0) await report.note('There are none.');
  await report.note(`as of ${asOf}, stamp ${stamp}`);
  if (cursor !== undefined) await report.note(`more: --cursor ${cursor}`);
};

const times: ReadonlySet<string> = new Set(['asserted_at', 'published_at']);

const showFields = async (report: Report, { id, record }: StatedRecord): Promise<void> => {
  const { kind, v, ...fields } = record;
  await report.line(`${kind} ${report.paint('bold', id)}`);
  const entries = Object.entries(fields);
  const width = Math.max(...entries.map(([name]) => name.length));
  for (const [name, value] of entries) {
    const isTime = times.has(name) && typeof value === 'number';
    const text = isTime ? formatTime(value) : valueCell(value, undefined, fieldWidth);
    await report.line(`  ${name.padEnd(width)}  ${text}`);
  }
};

const showWarnings = async (report: Report, { warnings = [] }: StatedRecord): Promise<void> => {
  for (const { code, detail } of warnings) await report.warn(`${code}: ${escapeText(detail)}`);
};

/** The record as stored, and who proved it. */
const showStated = async (report: Report, stated: StatedRecord): Promise<void> => {
  await showFields(report, stated);
  const { recorded_at: at, recorded_stamp: stamp, proof } = stated;
  await report.line(`recorded at ${at}, stamp ${stamp}; author proved by ${proof}`);
  const { signatures = [], signatures_count: count } = stated;
  if (signatures.length > 0) {
    await report.line(`signed by ${count ?? signatures.length}:`);
    for (const { agent_id: agentId } of signatures) await report.line(`  ${agentId}`);
  }
};

/** A record of any kind, with what the node knows of it. */
export const showRecord = async (
  report: Report,
  stated: StatedRecord | ListedRecord,
): Promise<void> => {
  await showStated(report, stated);
  if ('effective' in stated) await showEffect(report, stated);
  await showWarnings(report, stated);
};

/** An assertion, and what others have said of it. */
export const showDetail = async (report: Report, detail: AssertionDetail): Promise<void> => {
  await showStated(report, detail);
  const { votes, supersessions, inclusion } = detail;
  await report.line(`lifecycle in effect: ${detail.lifecycle}`);
  if (detail.succeeded_by !== undefined) {
    await report.line(`its place was taken by ${detail.succeeded_by}`);
  }
  if (detail.voice_of !== undefined) await report.line(`it has the voice of ${detail.voice_of}`);
  if (votes.voters > 0) {
    await report.line(`${counted(votes.voters, 'voter')}, in sum ${numberCell(votes.sum)}`);
    for (const vote of votes.listed) await showListed(report, vote, '  ');
  }
  if (supersessions.length > 0) {
    await report.line('supersessions, the newest first:');
    for (const one of supersessions) await showListed(report, one, '  ');
  }
  if (inclusion !== undefined) {
    const { leaf_index: leaf, tree_size: size, root, hashes } = inclusion;
    await report.line(`leaf ${leaf} of ${size}, root ${escapeText(root)}, ${hashes.length} hashes`);
  }
  await showWarnings(report, detail);
};
