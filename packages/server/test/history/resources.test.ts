/** The figures of a report, where they are known. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { percentile, reportOf, slopePerHour, type Window } from './resources.js';

const window = (seconds: number, rssAnonMib: number): Window => ({
  seconds,
  rssAnonMib,
  handles: 30,
  requests: 100,
  p50Ms: 1,
  p99Ms: 5,
});

test('what grows by one in each second has a slope of 3,600 an hour', () => {
  const windows = [window(10, 110), window(20, 120), window(30, 130)];
  assert.equal(
    slopePerHour(windows, ({ rssAnonMib }) => rssAnonMib),
    3600,
  );
  assert.equal(
    slopePerHour(windows, ({ handles }) => handles),
    0,
  );
  assert.match(reportOf([windows])[0] ?? '', /110.0 .. 130.0; median 120.0; .* 3600.0$/);
});

test('percentiles are taken by rank', () => {
  const times = Array.from({ length: 100 }, (_, at) => 100 - at);
  assert.equal(percentile(times, 0.5), 51);
  assert.equal(percentile(times, 0.99), 100);
});
