// The coefficients as tables for a person, and as the file that the program ships.

import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { machineLine, measureSync } from './machine.mjs';
import { number, tableOf } from './table.mjs';

const pathOf = (name) => fileURLToPath(new URL(name, import.meta.url));
const filePath = pathOf('../packages/server/src/ops/sizing/measured.ts');
const resultsPath = pathOf('RESULTS.md');
const biomePath = pathOf('../node_modules/@biomejs/biome/bin/biome');

/** Cells of the last row of the table of sizes in RESULTS.md: the largest database measured. */
function largestMeasured() {
  const text = readFileSync(resultsPath, 'utf8');
  const [, date] = /^Measured on (\S+) by$/m.exec(text) ?? [];
  const section = text.slice(text.indexOf('\n## Sizes\n'), text.indexOf('\n## Targets\n'));
  const rows = section.split('\n').filter((line) => /^\| [\d,]+ \|/.test(line));
  const cells = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => Number(cell.replaceAll(',', '').trim()));
  return rows.map(cells).map((row) => ({
    date,
    claims: row[0],
    loadedPerSecond: row[1],
    questionsPerSecond: row[2],
    memoryMib: row[7],
    readySeconds: row[8],
    bytesPerClaim: row[10],
  }));
}

/** What a run found, with where and when. */
export function withCircumstances(run, found) {
  const { p50, p99 } = measureSync(run.folder, run.plan.syncs);
  return {
    date: run.plan.date ?? new Date().toISOString().slice(0, 10),
    command: ['npm run bench --', ...run.plan.args].join(' '),
    machine: machineLine(),
    loadAverage: loadavg()[0],
    loadProgram: run.wrk ?? 'a Node.js program',
    syncMs: { p50, p99 },
    ...found,
    sizes: largestMeasured(),
  };
}

const digits = (_, value) =>
  typeof value === 'number' && !Number.isInteger(value) ? Number(value.toPrecision(4)) : value;

/** Writes the module that `stemedb size` reckons with. */
export function writeCoefficients(found) {
  const text = [
    '/** What a node costs, as measured by `npm run bench -- --coefficients --write`. */',
    "import type { Measurements } from './measurements.js';",
    '',
    `export const measured: Measurements = ${JSON.stringify(found, digits, 2)};`,
    '',
  ].join('\n');
  writeFileSync(filePath, text);
  execFileSync(process.execPath, [biomePath, 'check', '--write', filePath], { stdio: 'ignore' });
}

const table = (title, heads, rows) => `${title}\n${tableOf(heads, rows)}\n`;
const signs = ({ signed }) => (signed ? 'signed' : 'unsigned');

export function coefficientsText({ bulk, single, questions, memory }) {
  const costs = (row) => [
    number(row.perSecond),
    number(row.microseconds),
    number(row.mainThreadMicroseconds),
  ];
  const costHeads = ['a second', 'us', 'us main thread'];
  return [
    table(
      'streams of claims',
      [
        'claims',
        'bytes',
        ...costHeads,
        'log bytes',
        'store bytes',
        'rebuild s',
        'verify s',
        ...['backup s', 'restore s'],
      ],
      bulk.map((row) => [
        ...[signs(row), number(row.claimBytes), ...costs(row), number(row.logBytes)],
        ...[number(row.storeBytes), number(row.rebuildSeconds, 2), number(row.verifySeconds, 2)],
        ...[number(row.backupSeconds, 2), number(row.restoreSeconds, 2)],
      ]),
    ),
    table(
      'single claims',
      ['claims', 'bytes', ...costHeads, 'syncs'],
      single.map((row) => [
        ...[signs(row), number(row.claimBytes), ...costs(row), number(row.syncs, 3)],
      ]),
    ),
    table(
      'questions',
      ['answer', 'candidates', ...costHeads, 'answer bytes'],
      questions.map((row) => [
        ...[row.kind, number(row.candidates), ...costs(row), number(row.answerBytes)],
      ]),
    ),
    table(
      'memory',
      ['cache MiB', 'at the start MiB', 'after questions MiB'],
      memory.map((row) => [...[number(row.cacheMib), number(row.emptyMib), number(row.memoryMib)]]),
    ),
  ].join('\n');
}
