import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedFeature } from '../src/features.js';
import type { WebFeature, WebFeatureSupport } from '../src/packages.js';
import { DropTally } from '../src/statement.js';
import { readFigure, readWebFeatures } from '../src/web_features.js';
import { releaseList } from './fixtures.js';

const list = releaseList(['9', '10', '11']);

test('figures', () => {
  assert.deepEqual(readFigure('10', list), { since: '10' });
  assert.deepEqual(readFigure('≤10', list), { dropped: 'upper_bound' });
  assert.deepEqual(readFigure(undefined, list), { dropped: 'no_version' });
  assert.deepEqual(readFigure('12', list), { dropped: 'unknown_version' });
});

const feature = (
  support: WebFeatureSupport,
  keys: { readonly [key: string]: WebFeatureSupport },
): WebFeature => ({
  kind: 'feature',
  compat_features: Object.keys(keys),
  status: {
    support,
    by_compat_key: Object.fromEntries(
      Object.entries(keys).map(([key, each]) => [key, { support: each }]),
    ),
  },
});

test('all keys stand for a feature whose figures are the latest of theirs', () => {
  const all = feature(
    { chrome: '10', safari: '11' },
    { 'a.x': { chrome: '10', safari: '9' }, 'a.y': { chrome: '9', safari: '11' } },
  );
  assert.deepEqual(carriedFeature('f', all), { id: 'f', keys: ['a.x', 'a.y'], rule: 'all-keys' });
});

test('otherwise the keys that have exactly its figures do, if there are any', () => {
  const some = feature(
    { chrome: '9', safari: '9' },
    { 'a.x': { chrome: '9', safari: '9' }, 'a.y': { chrome: '10' } },
  );
  const carried = { id: 'f', keys: ['a.x'], rule: 'carrying-keys' };
  assert.deepEqual(carriedFeature('f', some), carried);
  const none = feature({ chrome: '9' }, { 'a.x': { chrome: '10' } });
  assert.equal(carriedFeature('f', none), undefined);
  assert.equal(carriedFeature('f', { kind: 'feature' }), undefined);
});

test('a key of two features is stated once, and not at all where features are wanted', () => {
  const data = {
    features: {
      f: feature({ chrome: '10' }, { 'a.x': { chrome: '9' } }),
      g: feature({ chrome: '9' }, { 'a.x': { chrome: '9' } }),
      h: { kind: 'moved' },
    },
  };
  const f = { feature: 'web/feature/f', browser: 'chrome', since: '10' };
  const x = { feature: 'web/bcd/a/x', browser: 'chrome', since: '9' };
  const g = { feature: 'web/feature/g', browser: 'chrome', since: '9' };
  const releases = new Map([['chrome', list]]);
  assert.deepEqual([...readWebFeatures(data, releases, new DropTally(), 'all')], [f, x, g]);
  assert.deepEqual([...readWebFeatures(data, releases, new DropTally(), 'features')], [f, g]);
});
