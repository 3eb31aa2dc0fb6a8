import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Column, mapFeatures, readCaniuse, readLetters, readRow } from '../src/caniuse.js';
import type { CaniuseData, WebFeaturesData } from '../src/packages.js';
import { DropTally } from '../src/statement.js';
import { releaseList } from './fixtures.js';

test('letters', () => {
  const levels = {
    y: 'full',
    'y #1': 'full',
    'y x': 'prefix',
    'a x #2 #4': 'partial',
    a: 'partial',
    'a d': 'none',
    n: 'none',
    'n d #1': 'none',
    p: 'none',
    'y d #3': 'none',
    u: 'unknown',
  };
  for (const [text, level] of Object.entries(levels)) assert.equal(readLetters(text), level, text);
});

const list = releaseList(['3', '4', '5', '6', '6.1', '7', '8', '9']);

/** Columns as `version:letters`; those after `|` are of the future. */
function row(text: string): readonly Column[] {
  const [past = '', future = ''] = text.split('|');
  const read = (part: string, isFuture: boolean): readonly Column[] =>
    part
      .trim()
      .split(/, */)
      .filter((each) => each !== '')
      .map((each) => {
        const [version = '', letters = ''] = each.trim().split(':');
        return { version, level: readLetters(letters), isFuture };
      });
  return [...read(past, false), ...read(future, true)];
}

const rows: readonly (readonly [string, unknown])[] = [
  ['4:n, 5:y, 6:y', { since: '5', at: '5' }],
  ['4:n, 5:y, 6:n, 6.1:n, 7:y', { since: '7', at: '7' }],
  ['4:n, 5:a, 6:y', { since: '6', at: '6' }],
  ['4:n, 5:y x, 6:y', { since: '6', at: '6' }],
  ['4:n d, 5:y', { since: '5', at: '5' }],
  ['4:y, 5:y', { dropped: 'first_column' }],
  ['3:y, 4:y', { since: '3', at: '3' }],
  ['4:n, 5:n', { since: false, at: '5' }],
  ['4:y, 5:n', { since: false, at: '5' }],
  ['4:n, 5:n d', { since: false, at: '5' }],
  ['4:n, 5:p', { since: false, at: '5' }],
  ['4:n, 5:a', { dropped: 'partial' }],
  ['4:n, 5:y x', { dropped: 'prefix' }],
  ['4:n, 5:u', { dropped: 'unknown' }],
  ['4:u, 5:y', { dropped: 'unknown' }],
  ['5:n, 6-6.1:y', { dropped: 'ambiguous_column' }],
  ['5:n, 7:y', { dropped: 'ambiguous_column' }],
  ['6:n, 6.1-6.9:y', { since: '6.1', at: '6.1-6.9' }],
  ['9:n, 10:y', { dropped: 'unknown_version' }],
  ['4:n, 5:n | 6:y', { dropped: 'not_released' }],
  ['4:n, 5:y | 6:n', { since: '5', at: '5' }],
];

for (const [text, expected] of rows) {
  test(`caniuse: ${text}`, () => assert.deepEqual(readRow(row(text), list), expected));
}

test('only what maps one to one is mapped', () => {
  const data: WebFeaturesData = {
    features: {
      one: { kind: 'feature', caniuse: ['a'] },
      two: { kind: 'feature', caniuse: ['b', 'c'] },
      three: { kind: 'feature', caniuse: ['d'] },
      four: { kind: 'feature', caniuse: ['d'] },
      gone: { kind: 'moved', caniuse: ['e'] },
    },
  };
  assert.deepEqual([...mapFeatures(data)], [['a', 'one']]);
});

test('rows are read in the order of the eras and the rest is counted', () => {
  const data: CaniuseData = {
    eras: { 'e-1': '', e0: '', e1: '' },
    agents: {
      safari: { versions: ['4', '5', '6'] },
      kaios: { versions: [null, '2.5', null] },
    },
    updated: 0,
    data: {
      a: { stats: { safari: { '6': 'y', '4': 'n', '5': 'y' }, kaios: { '2.5': 'n' } } },
      z: { stats: { safari: { '4': 'n', '5': 'y', '6': 'y' } } },
    },
  };
  const tally = new DropTally();
  const lists = new Map([['safari', list]]);
  assert.deepEqual(
    [...readCaniuse(data, new Map([['a', 'one']]), lists, tally)],
    [
      {
        feature: 'web/feature/one',
        browser: 'safari',
        since: '5',
        evidence: { caniuse: 'a', agent: 'safari', column: '5' },
      },
    ],
  );
  assert.equal(tally.count('browser_not_shared'), 1);
  assert.equal(tally.count('feature_not_mapped'), 1);
});
