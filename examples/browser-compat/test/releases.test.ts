import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, ReleaseList } from '../src/releases.js';
import { releaseList } from './fixtures.js';

test('versions compare number by number, zeros at the end say nothing', () => {
  assert.ok(compareVersions('9', '10') < 0);
  assert.ok(compareVersions('15.10', '15.9') > 0);
  assert.equal(compareVersions('16.0', '16'), 0);
  assert.ok(compareVersions('preview', '999') > 0);
});

test('a version is found in the spelling of the list', () => {
  const list = releaseList(['4.0', '5.0', '16', '16.1'], '17');
  assert.equal(list.find('4'), '4.0');
  assert.equal(list.find('16.0'), '16');
  assert.equal(list.find('16.10'), undefined);
  assert.equal(list.find('17'), undefined, 'a beta is not released');
});

test('releases are ordered by their index, not by the order of the file', () => {
  const list = new ReleaseList({
    releases: {
      '10': { index: 2, status: 'current' },
      '9.5': { index: 1, status: 'retired' },
      '9': { index: 0, status: 'esr' },
      '11': { index: 3, status: 'planned' },
    },
  });
  assert.deepEqual(list.between(undefined, '99'), ['9', '9.5', '10']);
  assert.deepEqual(list.between('9', '9.5'), ['9.5']);
  assert.deepEqual(list.between('10', '10'), []);
});
