import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatTime, normalizeTimes, parseTime, timeMsMax } from '@stemedb/model';
import fc from 'fast-check';

const anyTime = fc.integer({ min: 0, max: timeMsMax });

describe('times', () => {
  it('are read back as they were written, at any offset', () => {
    fc.assert(
      fc.property(anyTime, fc.integer({ min: -1439, max: 1439 }), (ms, minutes) => {
        assert.equal(parseTime(formatTime(ms)), ms);
        assert.equal(parseTime(ms), ms);
        const local = ms + minutes * 60_000;
        if (local > timeMsMax || local < 0) return;
        const size = Math.abs(minutes);
        const two = (n: number): string => String(n).padStart(2, '0');
        const offset = `${minutes < 0 ? '-' : '+'}${two(Math.floor(size / 60))}:${two(size % 60)}`;
        assert.equal(parseTime(formatTime(local).replace('Z', offset)), ms);
      }),
    );
  });

  it('may be written with fewer decimals and in small letters', () => {
    assert.equal(parseTime('2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12));
    assert.equal(parseTime('2026-01-31t12:00:00.5z'), Date.UTC(2026, 0, 31, 12, 0, 0, 500));
    assert.equal(parseTime('2024-02-29T00:00:00-00:00'), Date.UTC(2024, 1, 29));
    assert.equal(parseTime('1969-12-31T23:00:00-01:00'), 0);
  });

  it('are refused when they are not exact or do not exist', () => {
    const bad = ['', '2026-01-31', '2026-01-31T12:00:00', '2026-01-31 12:00:00Z', 'yesterday'];
    bad.push('2026-01-31T12:00:00.0001Z', '2026-02-29T00:00:00Z', '2026-13-01T00:00:00Z');
    bad.push('2026-01-31T24:00:00Z', '2026-12-31T23:59:60Z', '1969-12-31T23:59:59Z');
    bad.push('2026-01-31T12:00:00+24:00', '2026-01-31T12:00:00.Z', '0026-01-31T12:00:00Z');
    bad.push('2026-00-10T12:00:00Z', '2026-01-00T12:00:00Z', '10000-01-01T00:00:00Z', '5');
    for (const text of bad) assert.equal(parseTime(text), undefined, text);
    for (const ms of [-1, 0.5, timeMsMax + 1, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.equal(parseTime(ms), undefined, String(ms));
    }
    assert.ok(Object.is(parseTime(-0), 0));
  });

  it('become milliseconds in the fields that hold times', () => {
    const sent = { asserted_at: '1970-01-01T00:00:01Z', published_at: '1970-01-01T00:00:02Z' };
    assert.deepEqual(normalizeTimes('source', sent), {
      ok: true,
      value: { asserted_at: 1000, published_at: 2000 },
    });
    assert.deepEqual(normalizeTimes('vote', sent), {
      ok: true,
      value: { asserted_at: 1000, published_at: '1970-01-01T00:00:02Z' },
    });
    const untouched = { asserted_at: 5, concept_path: 'a' };
    const same = normalizeTimes('assertion', untouched);
    assert.ok(same.ok && same.value === untouched);
    const refused = normalizeTimes('assertion', { asserted_at: 'noon' });
    assert.ok(!refused.ok);
    assert.deepEqual(
      refused.error.faults?.map(({ code, pointer }) => [code, pointer]),
      [['invalid_field', '/asserted_at']],
    );
  });
});
