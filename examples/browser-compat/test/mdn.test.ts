import assert from 'node:assert/strict';
import { test } from 'node:test';
import { combineReadings, readMdnFeatures, readMdnKeys, readMdnSupport } from '../src/mdn.js';
import type { MdnData, MdnSupport } from '../src/packages.js';
import { readReleases } from '../src/releases.js';
import { DropTally } from '../src/statement.js';
import { releaseList } from './fixtures.js';

const list = releaseList(['8', '9', '10', '10.1', '11', '12'], '13');

const cases: readonly (readonly [string, MdnSupport, unknown])[] = [
  ['a version', { version_added: '10' }, { since: '10' }],
  ['another spelling', { version_added: '10.0' }, { since: '10' }],
  ['no support', { version_added: false }, { since: false }],
  ['a range', { version_added: '≤10' }, { dropped: 'upper_bound' }],
  ['a preview', { version_added: 'preview' }, { dropped: 'not_released' }],
  ['a beta', { version_added: '13' }, { dropped: 'not_released' }],
  ['true', { version_added: true }, { dropped: 'no_version' }],
  ['null', { version_added: null }, { dropped: 'no_version' }],
  ['a flag', { version_added: '10', flags: [{ name: 'x' }] }, { since: false }],
  ['part', { version_added: '10', partial_implementation: true }, { dropped: 'partial' }],
  ['a prefix', { version_added: '10', prefix: '-moz-' }, { dropped: 'prefix' }],
  ['a name', { version_added: '10', alternative_name: 'y' }, { dropped: 'alternative_name' }],
  ['removed', { version_added: '9', version_removed: '11' }, { since: false }],
  ['removed in beta', { version_added: '9', version_removed: '13' }, { since: '9' }],
  ['removed in preview', { version_added: '9', version_removed: 'preview' }, { since: '9' }],
  [
    'full after part',
    [
      { version_added: '11' },
      { version_added: '9', version_removed: '11', partial_implementation: true },
    ],
    { since: '11' },
  ],
  [
    'full beside a prefix',
    [{ version_added: '10' }, { version_added: '8', prefix: '-webkit-' }],
    { since: '10' },
  ],
  [
    'two runs that meet',
    [{ version_added: '11' }, { version_added: '9', version_removed: '11' }],
    { since: '9' },
  ],
  [
    'two runs with a gap',
    [{ version_added: '11' }, { version_added: '8', version_removed: '10' }],
    { since: '11' },
  ],
  [
    'a run that begins before some version',
    [{ version_added: '11' }, { version_added: '≤9', version_removed: '11' }],
    { dropped: 'upper_bound' },
  ],
  [
    'removed, then behind a flag',
    [
      { version_added: '11', flags: [{ name: 'x' }] },
      { version_added: '9', version_removed: '11' },
    ],
    { since: false },
  ],
];

for (const [name, support, expected] of cases) {
  test(`MDN: ${name}`, () => assert.deepEqual(readMdnSupport(support, list), expected));
}

test('several keys: the latest start, false when none has support, else nothing', () => {
  assert.deepEqual(combineReadings([{ since: '9' }, { since: '10.1' }]), { since: '10.1' });
  assert.deepEqual(combineReadings([{ since: false }, { since: false }]), { since: false });
  const mixed = combineReadings([{ since: '9' }, { since: false }]);
  assert.deepEqual(mixed, { dropped: 'keys_differ' });
  const bound = combineReadings([{ since: '9' }, { dropped: 'upper_bound' }]);
  assert.deepEqual(bound, { dropped: 'upper_bound' });
});

test('a part that is listed as older than the whole does not compare by itself', () => {
  const support = (version_added: string): { support: { chrome: MdnSupport } } => ({
    support: { chrome: { version_added } },
  });
  const tree: MdnData = {
    ...data,
    api: { Foo: { __compat: support('2'), bar: { __compat: support('1') } } },
  };
  const tally = new DropTally();
  assert.deepEqual(
    [...readMdnKeys(tree, readReleases(tree), tally)],
    [{ feature: 'web/bcd/api/Foo', browser: 'chrome', since: '2' }],
  );
  assert.equal(tally.count('whole_differs'), 1);
  const features = [{ id: 'bar', keys: ['api.Foo.bar'], rule: 'all-keys' as const }];
  const [statement] = [...readMdnFeatures(tree, readReleases(tree), features, tally)];
  assert.equal(statement?.since, '2', 'the feature is there when the whole is');
});

const releases = { '1': { index: 0, status: 'retired' }, '2': { index: 1, status: 'current' } };

const data: MdnData = {
  __meta: { version: '0', timestamp: '2026-01-01T00:00:00Z' },
  browsers: { chrome: { releases }, nodejs: { releases } },
  api: {
    Foo: {
      __compat: { support: { chrome: { version_added: '1' }, nodejs: { version_added: '2' } } },
      bar: { __compat: { support: { chrome: { version_added: '2' } } } },
    },
  },
};

test('keys become paths; runtimes that are no browsers are counted', () => {
  const tally = new DropTally();
  assert.deepEqual(
    [...readMdnKeys(data, readReleases(data), tally)],
    [
      { feature: 'web/bcd/api/Foo', browser: 'chrome', since: '1' },
      { feature: 'web/bcd/api/Foo/bar', browser: 'chrome', since: '2' },
    ],
  );
  assert.equal(tally.count('browser_not_shared'), 1);
});

test('a feature made of keys says the latest of them and how it was derived', () => {
  const tally = new DropTally();
  const features = [{ id: 'foo', keys: ['api.Foo', 'api.Foo.bar'], rule: 'all-keys' as const }];
  assert.deepEqual(
    [...readMdnFeatures(data, readReleases(data), features, tally)],
    [
      {
        feature: 'web/feature/foo',
        browser: 'chrome',
        since: '2',
        evidence: { rule: 'all-keys', keys: '2' },
      },
    ],
  );
  assert.equal(tally.count('no_version'), 10, 'the ten other shared browsers');
});
