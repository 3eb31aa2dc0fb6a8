/**
 * A running server tells every metric of the specification under its name and with its type, and
 * its label values are from closed sets, whatever callers send.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerProcess } from '../support/server_process.js';
import { samplesOf } from './readings.js';

/** The list of section 9. */
const specified: Readonly<Record<string, string>> = {
  stemedb_query_latency_seconds: 'histogram',
  stemedb_queries_total: 'counter',
  stemedb_assertions_total: 'gauge',
  stemedb_assertions_ingested_total: 'counter',
  stemedb_wal_fsync_latency_seconds: 'histogram',
  stemedb_wal_writes_total: 'counter',
  stemedb_wal_bytes_written_total: 'counter',
  stemedb_wal_write_errors_total: 'counter',
  stemedb_wal_fsync_errors_total: 'counter',
  stemedb_wal_disk_usage_bytes: 'gauge',
  stemedb_wal_segments_count: 'gauge',
  stemedb_wal_batch_size: 'histogram',
  stemedb_wal_flush_latency_seconds: 'histogram',
  stemedb_wal_recovery_duration_seconds: 'gauge',
  stemedb_wal_rotations_total: 'counter',
  stemedb_storage_operation_duration_seconds: 'histogram',
  stemedb_storage_operation_errors_total: 'counter',
  stemedb_db_disk_usage_bytes: 'gauge',
  stemedb_cache_hits_total: 'counter',
  stemedb_cache_misses_total: 'counter',
  stemedb_http_requests_total: 'counter',
  stemedb_http_request_duration_seconds: 'histogram',
  stemedb_query_timeout_total: 'counter',
  stemedb_circuit_breakers_open: 'gauge',
  stemedb_quarantine_pending: 'gauge',
  stemedb_backup_last_success_timestamp_seconds: 'gauge',
  stemedb_tls_certificate_expiry_timestamp_seconds: 'gauge',
  process_cpu_seconds_total: 'counter',
  process_resident_memory_bytes: 'gauge',
  process_start_time_seconds: 'gauge',
  process_open_fds: 'gauge',
  nodejs_eventloop_lag_seconds: 'gauge',
  nodejs_heap_size_used_bytes: 'gauge',
};

/** No sample without a certificate. */
const withoutSample: ReadonlySet<string> = new Set([
  'stemedb_tls_certificate_expiry_timestamp_seconds',
]);

const claim = (concept: string) => ({
  kind: 'assertion',
  concept_path: concept,
  predicate: 'colour',
  value: 'red',
  confidence: 0.5,
});

const exposition = async (server: ServerProcess): Promise<string> =>
  (await fetch(`${server.url}/metrics`)).text();

test('a running server tells every metric of the specification', async () => {
  const server = await ServerProcess.start();
  try {
    for (const name of ['a', 'b', 'c']) {
      const said = await server.post('/v1/assert', claim(`metrics/${name}`));
      assert.equal(said.status, 201, JSON.stringify(said.body));
    }
    for (const lens of ['recency', 'consensus']) {
      const path = `/v1/query?concept_path=metrics/a&predicate=colour&lens=${lens}`;
      assert.equal((await server.get(path)).status, 200);
    }
    const text = await exposition(server);
    const types = new Map(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
    const samples = [...samplesOf(text).keys()];
    for (const [name, type] of Object.entries(specified)) {
      assert.equal(types.get(name), type, name);
      const sample = type === 'histogram' ? `${name}_count` : name;
      const isThere = samples.some((key) => key === sample || key.startsWith(`${sample}{`));
      assert.equal(isThere, !withoutSample.has(name), name);
    }
  } finally {
    await server.remove();
  }
});

/** Values of one label over all samples. */
const valuesOf = (text: string, label: string): ReadonlySet<string> =>
  new Set([...text.matchAll(new RegExp(`[{,]${label}="([^"]*)"`, 'g'))].map((at) => at[1] ?? ''));

test('strangers cannot name label values', async () => {
  const server = await ServerProcess.start();
  try {
    const strange = 'stranger';
    await fetch(`${server.url}/${strange}`);
    await fetch(`${server.url}/v1/assertions/${strange}`);
    await fetch(`${server.url}/v1/query?concept_path=${strange}&lens=${strange}`);
    await fetch(`${server.url}/v1/query?concept_path=${strange}&predicate=${strange}`);
    await fetch(`${server.url}/v1/health`, { method: 'PROPFIND' });
    await server.post('/v1/assert', { ...claim(strange), agent_id: strange });
    await server.post('/v1/assert', claim(strange));
    const text = await exposition(server);
    assert.ok(
      !text.includes(strange),
      text.split('\n').find((line) => line.includes(strange)),
    );
    assert.ok(valuesOf(text, 'route').has('none'));
    const operations = ['apply', 'checkpoint', 'read', 'scan'];
    assert.deepEqual([...valuesOf(text, 'operation')].sort(), operations);
    assert.deepEqual([...valuesOf(text, 'error')], ['disk_full', 'log_failed', 'not_ready']);
    assert.deepEqual([...valuesOf(text, 'directory')], ['wal', 'db']);
  } finally {
    await server.remove();
  }
});
