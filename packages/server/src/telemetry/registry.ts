/**
 * What is measured, under the names of the specification (section 9), in one Prometheus registry.
 * The rooms know only the small callback interfaces; label values come from closed sets.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GroupCommitMetrics } from '../ingest/group_commit.js';
import type { IngestMetrics } from '../ingest/ingest_service.js';
import type { LogMetrics } from '../log/metrics.js';
import { isSyncFailure } from '../log/sync_failure.js';
import type { CacheMetrics } from '../query/query_cache.js';
import type { HttpMetrics, QueryMetrics } from './metrics.js';
import { cacheMetrics, questionMetrics } from './question_counts.js';
import { RequestCounts } from './request_counts.js';

/** Values that are read when somebody asks for the metrics. */
interface Readings {
  assertions(): number;
  logBytes(): number;
  logSegments(): number;
  storeBytes(): Promise<number>;
  clockAheadSeconds(): number;
}

export interface Telemetry {
  readonly log: LogMetrics;
  readonly ingest: IngestMetrics;
  readonly commit: GroupCommitMetrics;
  readonly http: HttpMetrics;
  readonly query: QueryMetrics;
  readonly cache: CacheMetrics;
  /** The thread that verifies signatures was given up. */
  readonly signatureThreadFailed: () => void;
  /** Tells what the gauges read; called once when the database is open. */
  observe(readings: Readings): void;
  text(): Promise<string>;
  readonly contentType: string;
}

/** From 50 us to 10 s: an fsync on a fast disk to the longest question. */
const secondsBuckets = [
  0.000_05, 0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,
  2.5, 5, 10,
];
const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

const logMetrics = (registry: Registry): LogMetrics => {
  const registers = [registry];
  const fsync = new Histogram({
    name: 'stemedb_wal_fsync_latency_seconds',
    help: 'Sync of one batch.',
    buckets: secondsBuckets,
    registers,
  });
  const writes = new Counter({
    name: 'stemedb_wal_writes_total',
    help: 'Batches appended to the log.',
    registers,
  });
  const bytes = new Counter({
    name: 'stemedb_wal_bytes_written_total',
    help: 'Bytes appended to the log.',
    registers,
  });
  const batch = new Histogram({
    name: 'stemedb_wal_batch_size',
    help: 'Records of one batch.',
    buckets: batchBuckets,
    registers,
  });
  const writeErrors = new Counter({
    name: 'stemedb_wal_write_errors_total',
    help: 'Batches that could not be written, by the code of the error.',
    labelNames: ['error'],
    registers,
  });
  const fsyncErrors = new Counter({
    name: 'stemedb_wal_fsync_errors_total',
    help: 'Syncs that failed; after one the log is dead until a restart.',
    registers,
  });
  const rotations = new Counter({
    name: 'stemedb_wal_rotations_total',
    help: 'Segments that were sealed.',
    registers,
  });
  const recovery = new Gauge({
    name: 'stemedb_wal_recovery_duration_seconds',
    help: 'Time that opening the log took at the last start.',
    registers,
  });
  return {
    appended: (append) => {
      fsync.observe(append.syncSeconds);
      writes.inc();
      bytes.inc(append.bytes);
      batch.observe(append.records);
    },
    rotated: () => rotations.inc(),
    writeFailed: (error) => writeErrors.inc({ error }),
    died: (error) => {
      if (isSyncFailure(error)) fsyncErrors.inc();
    },
    recovered: (seconds) => recovery.set(seconds),
  };
};

const readingGauges = (registry: Registry, readings: Readings): void => {
  const gauge = (name: string, help: string, read: () => number | Promise<number>): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        this.set(await read());
      },
    });
  };
  gauge('stemedb_assertions_total', 'Assertions stored.', () => readings.assertions());
  gauge('stemedb_wal_disk_usage_bytes', 'Bytes of all segments.', () => readings.logBytes());
  gauge('stemedb_wal_segments_count', 'Segments of the log.', () => readings.logSegments());
  gauge('stemedb_db_disk_usage_bytes', 'Bytes of the store.', () => readings.storeBytes());
  gauge(
    'stemedb_clock_ahead_seconds',
    'How far the newest stamp was ahead of the wall clock at the last start.',
    () => readings.clockAheadSeconds(),
  );
};

/** A registry of its own for one node. */
export const createTelemetry = (): Telemetry => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const ingested = new Counter({
    name: 'stemedb_assertions_ingested_total',
    help: 'Assertions that were new, since the start.',
    registers: [registry],
  });
  const threadFailures = new Counter({
    name: 'stemedb_signature_thread_failures_total',
    help: 'Threads for signatures that were given up; all are verified beside other work since.',
    registers: [registry],
  });
  const flush = new Histogram({
    name: 'stemedb_wal_flush_latency_seconds',
    help: 'Time from forming a batch until it is synced and visible.',
    buckets: secondsBuckets,
    registers: [registry],
  });
  return {
    log: logMetrics(registry),
    ingest: { assertionsCreated: (count) => ingested.inc(count) },
    commit: { batchVisible: (_records, seconds) => flush.observe(seconds) },
    http: new RequestCounts(registry, secondsBuckets),
    query: questionMetrics(registry, secondsBuckets),
    cache: cacheMetrics(registry),
    signatureThreadFailed: () => threadFailures.inc(),
    observe: (readings) => readingGauges(registry, readings),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
