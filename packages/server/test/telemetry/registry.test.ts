/** The metrics have the names of the specification, are fed, and have bounded labels. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logFailed } from '../../src/log/failure.js';
import { syncFailed } from '../../src/log/sync_failure.js';
import { createTelemetry } from '../../src/telemetry/registry.js';

/** Samples by name and labels. */
const samplesOf = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const at = line.lastIndexOf(' ');
        return [line.slice(0, at), Number(line.slice(at + 1))] as const;
      }),
  );

test('what the rooms report is counted under the specified names', async () => {
  const telemetry = createTelemetry();
  telemetry.log.appended?.({ records: 3, bytes: 500, seconds: 0.002, syncSeconds: 0.001 });
  telemetry.log.rotated?.();
  telemetry.log.writeFailed?.('disk_full');
  telemetry.log.died?.(syncFailed('a sync failed', new Error('EIO')));
  telemetry.log.died?.(logFailed('a failed write could not be undone', new Error('EIO')));
  telemetry.log.recovered?.(1.5);
  telemetry.ingest.assertionsCreated(3);
  telemetry.commit.batchVisible(3, 0.002);
  telemetry.http.requestFinished({ method: 'GET', route: '/v1/x', status: 200, seconds: 0.1 });
  const asked = { endpoint: 'query', lens: 'recency', seconds: 0.2 };
  telemetry.query.answered({ ...asked, failure: undefined });
  telemetry.query.answered({ ...asked, failure: 'query_timeout' });
  telemetry.query.answered({ ...asked, failure: 'caller_gone' });
  telemetry.observe({
    assertions: () => 7,
    logBytes: () => 1000,
    logSegments: () => 2,
    storeBytes: async () => 4096,
    clockAheadSeconds: () => 0,
  });
  const samples = samplesOf(await telemetry.text());
  const query = '{endpoint="query",lens="recency"}';
  const expected: Readonly<Record<string, number>> = {
    stemedb_wal_fsync_latency_seconds_sum: 0.001,
    stemedb_wal_writes_total: 1,
    stemedb_wal_bytes_written_total: 500,
    stemedb_wal_batch_size_sum: 3,
    stemedb_wal_rotations_total: 1,
    'stemedb_wal_write_errors_total{error="disk_full"}': 1,
    stemedb_wal_fsync_errors_total: 1,
    stemedb_wal_recovery_duration_seconds: 1.5,
    stemedb_wal_flush_latency_seconds_count: 1,
    stemedb_wal_disk_usage_bytes: 1000,
    stemedb_wal_segments_count: 2,
    stemedb_db_disk_usage_bytes: 4096,
    stemedb_assertions_total: 7,
    stemedb_assertions_ingested_total: 3,
    [`stemedb_query_latency_seconds_count${query}`]: 3,
    [`stemedb_queries_total${query}`]: 3,
    stemedb_query_timeout_total: 1,
    'stemedb_http_requests_total{method="GET",route="/v1/x",status="200"}': 1,
    'stemedb_http_request_duration_seconds_bucket{le="0.05",method="GET",route="/v1/x"}': 0,
    'stemedb_http_request_duration_seconds_bucket{le="0.1",method="GET",route="/v1/x"}': 1,
    'stemedb_http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/v1/x"}': 1,
    'stemedb_http_request_duration_seconds_sum{method="GET",route="/v1/x"}': 0.1,
    'stemedb_http_request_duration_seconds_count{method="GET",route="/v1/x"}': 1,
  };
  for (const [name, value] of Object.entries(expected))
    assert.equal(samples.get(name), value, name);
  const names = [...samples.keys()].map((name) => name.split('{')[0] ?? '');
  assert.ok(names.includes('process_resident_memory_bytes'));
  assert.ok(names.some((name) => name.startsWith('nodejs_eventloop_lag')));
  assert.match(telemetry.contentType, /^text\/plain/);
});

test('every registry stands alone', async () => {
  const [one, other] = [createTelemetry(), createTelemetry()];
  one.ingest.assertionsCreated(2);
  const count = async (telemetry: typeof one) =>
    samplesOf(await telemetry.text()).get('stemedb_assertions_ingested_total');
  assert.equal(await count(one), 2);
  assert.equal(await count(other), 0);
});
