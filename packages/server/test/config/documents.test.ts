/** `.env.example` and `docs/configuration.md` name every setting and limit, and no other. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { defaultPolicyTable } from '@stemedb/model';
import { memoryBytesMax, rowHeldBytes, rowsInBound } from '../../src/bin/memory_bound.js';
import { loadConfig } from '../../src/config/config.js';
import { settings } from '../../src/config/settings.js';
import { readBindAddress } from '../../src/guard/bind.js';
import { httpLimits } from '../../src/guard/limits.js';
import { groupCommitLimits } from '../../src/ingest/commit_queue.js';
import { feedLimits } from '../../src/query/feed_limits.js';
import { defaultCacheBytesMax } from '../../src/query/query_cache.js';
import { queryLimits } from '../../src/query/query_service.js';

const read = (path: string): string =>
  readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8');

const page = read('docs/configuration.md');

/** The cells of the table rows below a heading. */
const rowsBelow = (heading: string): readonly (readonly string[])[] => {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(2, -2)
      .split(' | ')
      .map((cell) => cell.replace(/^`(.*)`$/, '$1')),
  );
};

test('.env.example lists every variable with its meaning and default', () => {
  const blocks = read('.env.example').trimEnd().split('\n\n').slice(1);
  const expected = settings.map(
    ({ env, fallback, meaning }) => `# ${meaning}\n#${env}=${fallback}`,
  );
  assert.deepEqual(blocks, expected);
});

test('docs/configuration.md lists every setting', () => {
  const expected = settings.map(({ key, env, flag, fallback, meaning }) => [
    key,
    env,
    flag,
    fallback === '' ? 'none' : fallback,
    meaning,
  ]);
  assert.deepEqual(rowsBelow('Settings'), expected);
});

test('docs/configuration.md lists every limit with its value', () => {
  const limits = { ...httpLimits, ...groupCommitLimits, ...queryLimits, ...feedLimits };
  const expected = Object.entries(limits).map(([name, value]) => [name, String(value)]);
  const rows = rowsBelow('Limits').map(([name, value]) => [name, value]);
  assert.deepEqual(rows, expected);
});

test('docs/configuration.md says how much memory a server takes at most', () => {
  const gibibytes = memoryBytesMax(defaultCacheBytesMax, 0) / 1024 ** 3;
  assert.ok(page.includes(`at most ${gibibytes} GiB of memory`), `${gibibytes}`);
  assert.ok(page.includes(`above ${rowsInBound.toLocaleString('en')}, because`), `${rowsInBound}`);
  assert.equal(rowHeldBytes, 3 * 1024);
});

test('docs/configuration.md shows the default classes', () => {
  const expected = defaultPolicyTable.classes.map(({ tier, name, weight, half_life_days }) => [
    String(tier),
    name,
    String(weight),
    half_life_days === undefined ? 'never decays' : String(half_life_days),
  ]);
  assert.deepEqual(rowsBelow('The policy'), expected);
});

test('the TOML that docs/configuration.md shows is valid', async () => {
  const texts = [...page.matchAll(/^```toml\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  assert.equal(texts.length, 2);
  for (const text of texts) {
    const sources = {
      flags: {},
      env: {},
      file: 'a.toml',
      readFile: async () => text,
      checkBind: readBindAddress,
    };
    const loaded = await loadConfig(sources);
    assert.ok(loaded.ok, loaded.ok ? '' : loaded.error.detail);
  }
});
