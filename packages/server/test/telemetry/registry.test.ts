/** The metrics have the names of the specification, are fed, and have bounded labels. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { logFailed } from '../../src/log/failure.js';
import { syncFailed } from '../../src/log/sync_failure.js';
import { createTelemetry } from '../../src/telemetry/registry.js';
import { samplesOf, someReadings } from './readings.js';

/** The samples after each kind of event. */
const afterEvents = async (): Promise<ReadonlyMap<string, number>> => {
  const telemetry = createTelemetry();
  telemetry.log.appended?.({ records: 3, bytes: 500, seconds: 0.002, syncSeconds: 0.001 });
  telemetry.log.rotated?.();
  telemetry.log.writeFailed?.({ code: 'disk_full', detail: 'No room.' });
  telemetry.store.ended('read', 0.000_004);
  telemetry.store.ended('scan', 0.002);
  telemetry.store.failed('scan');
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
  telemetry.observe(someReadings);
  assert.match(telemetry.contentType, /^text\/plain/);
  return samplesOf(await telemetry.text());
};

test('what the rooms report is counted under the specified names', async () => {
  const samples = await afterEvents();
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
    stemedb_log_position: 9,
    stemedb_clock_ahead_seconds: 3,
    stemedb_ready: 1,
    'stemedb_disk_size_bytes{directory="wal"}': 800,
    'stemedb_disk_free_bytes{directory="wal"}': 200,
    'stemedb_disk_size_bytes{directory="db"}': 600,
    'stemedb_disk_free_bytes{directory="db"}': 100,
    stemedb_memory_anonymous_bytes: 5000,
    stemedb_memory_bound_bytes: 6000,
    stemedb_circuit_breakers_open: 4,
    stemedb_quarantine_pending: 5,
    stemedb_tls_certificate_expiry_timestamp_seconds: 1_800_000_000,
    stemedb_backup_last_success_timestamp_seconds: 1_700_000_000.5,
    stemedb_archive_last_success_timestamp_seconds: 1_700_000_100,
    stemedb_archive_verify_last_success_timestamp_seconds: 0,
    stemedb_archive_position: 6,
    stemedb_verify_last_success_timestamp_seconds: 0,
    'stemedb_build_info{version="1.2.3"}': 1,
    'stemedb_storage_operation_duration_seconds_bucket{le="0.000005",operation="read"}': 1,
    'stemedb_storage_operation_duration_seconds_sum{operation="scan"}': 0.002,
    'stemedb_storage_operation_duration_seconds_count{operation="apply"}': 0,
    'stemedb_storage_operation_errors_total{operation="scan"}': 1,
    'stemedb_storage_operation_errors_total{operation="apply"}': 0,
    'stemedb_wal_write_errors_total{error="log_failed"}': 0,
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
});

test('every registry stands alone', async () => {
  const [one, other] = [createTelemetry(), createTelemetry()];
  one.ingest.assertionsCreated(2);
  const count = async (telemetry: typeof one) =>
    samplesOf(await telemetry.text()).get('stemedb_assertions_ingested_total');
  assert.equal(await count(one), 2);
  assert.equal(await count(other), 0);
});

test('only an archive that is wanted is missed', async () => {
  for (const isWanted of [true, false]) {
    const telemetry = createTelemetry();
    const successes = async () => new Map();
    telemetry.observe({ ...someReadings, successes, isArchiveWanted: () => isWanted });
    const samples = samplesOf(await telemetry.text());
    const expected = isWanted ? 0 : undefined;
    assert.equal(samples.get('stemedb_archive_last_success_timestamp_seconds'), expected);
    assert.equal(samples.get('stemedb_archive_verify_last_success_timestamp_seconds'), expected);
    assert.equal(samples.get('stemedb_archive_position'), expected);
    assert.equal(samples.get('stemedb_backup_last_success_timestamp_seconds'), 0);
  }
});

test('an archive that is not wanted any more has no sample, whatever was noted', async () => {
  const telemetry = createTelemetry();
  const noted = { finishedAtMs: 1_700_000_100_000, position: 6 };
  const successes = async () => new Map([['archive' as const, noted]]);
  telemetry.observe({ ...someReadings, successes, isArchiveWanted: () => false });
  const samples = samplesOf(await telemetry.text());
  assert.ok(!samples.has('stemedb_archive_last_success_timestamp_seconds'));
  assert.ok(!samples.has('stemedb_archive_position'));
  assert.equal(samples.get('stemedb_backup_last_success_timestamp_seconds'), 0);
});

test('a reading that fails or says nothing leaves out its own sample only', async () => {
  const telemetry = createTelemetry();
  telemetry.observe({
    ...someReadings,
    storeBytes: () => Promise.reject(new Error('EIO')),
    logBytes: () => {
      throw new Error('EIO');
    },
    space: async (directory) => {
      if (directory === 'wal') throw new Error('EIO');
      return { sizeBytes: 600, freeBytes: 100 };
    },
    certificateExpirySeconds: () => undefined,
    successes: () => Promise.reject(new Error('EIO')),
  });
  for (let asked = 0; asked < 2; asked += 1) {
    const samples = samplesOf(await telemetry.text());
    const missing = [
      'stemedb_db_disk_usage_bytes',
      'stemedb_wal_disk_usage_bytes',
      'stemedb_disk_free_bytes{directory="wal"}',
      'stemedb_tls_certificate_expiry_timestamp_seconds',
      'stemedb_backup_last_success_timestamp_seconds',
    ];
    for (const name of missing) assert.ok(!samples.has(name), name);
    assert.equal(samples.get('stemedb_disk_free_bytes{directory="db"}'), 100);
    assert.equal(samples.get('stemedb_assertions_total'), 7);
  }
});
