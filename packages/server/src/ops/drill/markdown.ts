/** A drill's report as a document for those who were not there. */
import type { DrillReport } from './drill.js';

const seconds = (value: number): string => `${value.toFixed(value < 10 ? 2 : 1)} s`;

/** Of a drill that came to no report: a step could not be done at all. */
export const formatEndedDrill = (name: string, at: string, why: string): string =>
  [
    `# Recovery drill of ${at}: failed`,
    '',
    `The copy is \`${name}\`.`,
    '',
    `- ${why.replaceAll('\n', ' ')}`,
    '',
  ].join('\n');

/** Markdown; what comes from the data is quoted as code. */
export const formatDrillReport = (report: DrillReport): string => {
  const { copy, recovery_point: point, questions } = report;
  const behind = point.records_behind === null ? '' : `, records behind: ${point.records_behind}`;
  return [
    `# Recovery drill of ${report.started_at}: ${report.verdict}`,
    '',
    ...report.failures.map((failure) => `- ${failure}`),
    ...(report.failures.length > 0 ? [''] : []),
    '| what | measured |',
    '|---|---|',
    `| ${copy.what} | \`${copy.name}\`, written ${copy.written_at} |`,
    `| database | \`${copy.database_id}\` |`,
    `| records | ${copy.records}, of them ${copy.assertions} assertions |`,
    `| root of the tree | \`${copy.root}\` |`,
    `| recovery time | ${seconds(report.recovery_time_seconds)} |`,
    `| recovery point | ${point.at} (\`${point.stamp}\`) |`,
    `| its age at the ${point.measured_to} | ${seconds(point.age_seconds)}${behind} |`,
    `| claims looked up | ${questions.claims}, ${questions.missing} of them missing |`,
    `| questions asked | ${questions.asked} |`,
    `| compared with the node in use | ${questions.compared}, ${questions.different} different |`,
    `| findings of the verification | ${report.findings} |`,
    '',
    '| phase | time |',
    '|---|---|',
    ...report.phases.map((phase) => `| ${phase.phase} | ${seconds(phase.seconds)} |`),
    '',
  ].join('\n');
};
