/** The report of a pilot as a document. */
import type { Criterion, PilotResult } from './criterion.js';

export interface PilotReport {
  readonly result: PilotResult;
  readonly startedAt: string;
  readonly url: string;
  readonly databaseId: string | undefined;
  readonly serverVersion: string | undefined;
  readonly prefix: string;
  readonly claimsWritten: number;
  readonly settings: Readonly<Record<string, string | number>>;
  readonly criteria: readonly Criterion[];
}

const results: Readonly<Record<PilotResult, string>> = {
  pass: 'passed',
  fail: 'failed',
  incomplete: 'incomplete: nothing failed, but not every criterion was looked at',
};

/** What a cell of a table in Markdown may hold. */
const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

export const markdownOf = (report: PilotReport): string => {
  const { result, criteria, settings, databaseId, serverVersion } = report;
  return [
    `# Pilot check: ${results[result].split(':')[0]}`,
    '',
    `The check of ${report.startedAt} ${results[result]}.`,
    '',
    `- server: ${report.url}, version ${serverVersion ?? 'unknown'}`,
    `- database: ${databaseId ?? 'unknown'}`,
    `- ${report.claimsWritten} claims acknowledged, all below \`${report.prefix}\``,
    ...Object.entries(settings).map(([name, value]) => `- ${name.replaceAll('_', ' ')}: ${value}`),
    '',
    '| criterion | wanted | measured | verdict |',
    '|---|---|---|---|',
    ...criteria.map(
      ({ name, wanted, measured, verdict }) =>
        `| ${[name, wanted, measured, verdict].map(cell).join(' | ')} |`,
    ),
    '',
  ].join('\n');
};
