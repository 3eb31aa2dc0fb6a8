import assert from 'node:assert/strict';
import { it } from 'node:test';
import { endOfMs } from '@stemedb/model';
import { momentOf, time } from '../../src/cli/moment.js';

const noon = Date.UTC(2026, 0, 31, 12);

const noTimes = ['yesterday', '', '-1', '1.5', ' 1', '2026-01-31', '9'.repeat(16), '1e3'];

it('reads a time with any offset, and milliseconds', () => {
  for (const text of ['2026-01-31T12:00:00Z', '2026-01-31T13:00:00.000+01:00', String(noon)]) {
    assert.equal(time(text), noon);
    assert.equal(momentOf(text), endOfMs(noon));
  }
  assert.equal(time('0'), 0);
});

it('takes a stamp as a moment only', () => {
  const stamp = '0123456789abcdef0123456789abcdef';
  assert.equal(momentOf(stamp), stamp);
  assert.throws(() => time(stamp), /RFC 3339/);
  assert.equal(momentOf(stamp.slice(1)), undefined);
});

it('says what a time is like where there is none', () => {
  for (const text of noTimes) {
    assert.throws(() => time(text), /It must be an RFC 3339 time such as 2026-01-31T12:00:00Z\./);
    assert.equal(momentOf(text), undefined, text);
  }
});
