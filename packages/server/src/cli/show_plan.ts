/** A plan for a node as tables. */
import type { Figure } from '../ops/sizing/figure.js';
import type { Measurements } from '../ops/sizing/measurements.js';
import type { Plan } from '../ops/sizing/plan.js';
import type { Recommendation } from '../ops/sizing/recommendation.js';
import type { Report } from './report.js';

interface ShownPlan {
  readonly plan: Plan;
  readonly recommendation: Recommendation;
  readonly measured: Measurements;
  /** With the arithmetic. */
  readonly explain: boolean;
}

const byteUnits = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

const plain = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: digits });

/** Three digits or so, in the largest unit that leaves something before the point. */
const bytesCell = (bytes: number): string => {
  const power = bytes < 1 ? 0 : Math.floor(Math.log(bytes) / Math.log(1024));
  const at = Math.min(byteUnits.length - 1, power);
  const value = bytes / 1024 ** at;
  return `${plain(value, value < 10 && at > 0 ? 1 : 0)} ${byteUnits[at]}`;
};

const secondsCell = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return 'never';
  if (seconds < 120) return `${plain(seconds, 1)} s`;
  if (seconds < 7_200) return `${plain(seconds / 60, 0)} min`;
  if (seconds < 172_800) return `${plain(seconds / 3_600, 1)} h`;
  return `${plain(seconds / 86_400, 0)} days`;
};

const cellOf = ({ value, unit }: Figure): string => {
  switch (unit) {
    case 'bytes':
      return bytesCell(value);
    case 'bytes a second':
      return `${bytesCell(value)}/s`;
    case 'bits a second':
      return `${plain(value / 1e6, value < 1e7 ? 1 : 0)} Mbit/s`;
    case 'seconds':
      return secondsCell(value);
    case 'share':
      return `${plain(value * 100, value < 0.1 ? 1 : 0)} %`;
    case 'cores':
      return `${plain(value, 2)} cores`;
    case 'a second':
      return `${plain(value, value < 10 ? 1 : 0)} /s`;
    case 'ms':
      return `${plain(value, 2)} ms`;
  }
};

const verdicts = {
  measured: ['green', 'One node will do; a node of this size was measured.'],
  extrapolated: ['yellow', 'One node may do; no node of this size was measured.'],
  beyond: ['red', 'This is more than one node does.'],
} as const;

const showRecommendation = async (report: Report, found: Recommendation): Promise<void> => {
  const [colour, sentence] = verdicts[found.verdict];
  await report.line(report.paint(colour, sentence));
  for (const reason of found.reasons) await report.line(reason);
  const { machine, limits } = found;
  const volumes = [
    `log ${plain(machine.log_volume_gib, 0)} GiB`,
    `store ${plain(machine.store_volume_gib, 0)} GiB`,
    `backups ${plain(machine.backup_volume_gib, 0)} GiB (elsewhere)`,
  ];
  await report.table(
    ['take', ''],
    [
      ['machine', `${machine.cores} cores, ${plain(machine.memory_gib, 0)} GiB of memory`],
      ['volumes', volumes.join(', ')],
      [
        'limits of the control group',
        `MemoryHigh=${Math.ceil(limits.memory_high_bytes / 1024 ** 2)}M ` +
          `MemoryMax=${Math.floor(limits.memory_max_bytes / 1024 ** 2)}M ` +
          `CPUQuota=${limits.cpu_quota_percent}%`,
      ],
    ],
  );
};

export const showPlan = async (report: Report, shown: ShownPlan): Promise<void> => {
  const { plan, recommendation, measured, explain } = shown;
  const rows = Object.entries(plan).flatMap(([section, figures]) =>
    Object.values(figures as Readonly<Record<string, Figure>>).map((one, at) => [
      at === 0 ? section : '',
      one.label,
      cellOf(one),
    ]),
  );
  await report.table(['', 'what', 'needed'], rows);
  await showRecommendation(report, recommendation);
  if (explain) {
    for (const figures of Object.values(plan)) {
      for (const { label, value, unit, how } of Object.values(
        figures as Readonly<Record<string, Figure>>,
      )) {
        await report.line(`${label}: ${plain(value, 3)} ${unit} = ${how}`);
      }
    }
  }
  const { date, machine, command, syncMs, sizes } = measured;
  await report.note(`Reckoned from what was measured on ${date} by \`${command}\` on ${machine}.`);
  await report.note(`There a sync took ${syncMs.p50} ms (p99 ${syncMs.p99} ms). Yours may differ:`);
  await report.note('`stemedb doctor` measures your disk, `stemedb pilot-check` the whole.');
  if (!explain) return;
  await report.note(`The load of that machine was ${measured.loadAverage} then, the run included.`);
  const last = sizes.at(-1);
  await report.note(
    `How costs grow with the number of claims: bench/RESULTS.md of ${last?.date}, up to ` +
      `${plain(last?.claims ?? 0, 0)} claims.`,
  );
};
