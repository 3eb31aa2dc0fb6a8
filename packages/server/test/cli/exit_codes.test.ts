import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { type ErrorCode, errorTable } from '@stemedb/model';
import { exitCodeOf, exitCodes } from '../../src/cli/exit_codes.js';

test('every error of the table ends a program with a documented number', () => {
  const numbers = new Set<number>(Object.values(exitCodes).map(({ number }) => number));
  for (const code of Object.keys(errorTable) as ErrorCode[]) {
    const number = exitCodeOf(code);
    assert.ok(numbers.has(number) && number !== 0, `${code} -> ${number}`);
  }
});

test('the codes that supervisors and scripts rely on', () => {
  const expected: readonly (readonly [ErrorCode, number])[] = [
    ['invalid_field', 1],
    ['not_found', 1],
    ['log_corrupt', 65],
    ['not_ready', 69],
    ['internal', 70],
    ['data_directory_unwritable', 73],
    ['log_failed', 74],
    ['disk_full', 74],
    ['data_directory_locked', 75],
    ['format_too_new', 76],
    ['invalid_configuration', 78],
    ['database_mismatch', 78],
  ];
  for (const [code, number] of expected) assert.equal(exitCodeOf(code), number, code);
});

test('docs/cli.md has exactly this table', async () => {
  const page = await readFile(new URL('../../../../../docs/cli.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| (.+?) \|$/gm)].map(([, number, meaning]) => ({
    number: Number(number),
    meaning,
  }));
  assert.deepEqual(rows, Object.values(exitCodes));
});
