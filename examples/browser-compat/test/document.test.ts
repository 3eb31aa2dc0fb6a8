/** docs/demo.md tells the figures of the installed packages. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SignatureHex } from '@stemedb/model';
import { browsers } from '../src/browsers.js';
import { openDataset } from '../src/index.js';

const dataset = openDataset(() => '0'.repeat(128) as SignatureHex);
const document = readFileSync(new URL('../../../../docs/demo.md', import.meta.url), 'utf8');
const grouped = (count: number): string => count.toLocaleString('en-US');

test('the document has every row of the table of what is dropped, and no other', () => {
  const section = document.split('## What is dropped')[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => /^\| .*\d/.test(line));
  assert.deepEqual(
    rows,
    dataset.dropped.map((row) => `| ${row.part} | ${grouped(row.count)} | ${row.text} |`),
  );
});

test('the document has the claims of each source and in all', () => {
  assert.ok(document.includes(`${grouped(dataset.total)} signed claims`));
  for (const count of Object.values(dataset.counts)) {
    assert.ok(document.includes(`| ${grouped(count)} |`), grouped(count));
  }
});

test('the document maps every browser', () => {
  for (const { id, caniuse, inWebFeatures } of browsers) {
    const web = inWebFeatures ? `\`${id}\`` : '-';
    const other = caniuse === undefined ? '-' : `\`${caniuse}\``;
    assert.ok(document.includes(`| \`${id}\` | ${web} | ${other} |`), id);
  }
});
