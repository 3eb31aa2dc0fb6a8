/** What the log reports. */
import type { ErrorCode } from '@stemedb/model';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { LogMetrics } from '../log/metrics.js';
import { isSyncFailure } from '../log/sync_failure.js';

const batchBuckets = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096];

/** With what codes an append fails: there from the start, so that a first one is seen as a rise. */
const appendErrors: readonly ErrorCode[] = ['disk_full', 'log_failed', 'not_ready'];

const writeErrorCounter = (registry: Registry): Counter<'error'> => {
  const counter = new Counter({
    name: 'stemedb_wal_write_errors_total',
    help: 'Batches that could not be written, by the code of the error.',
    labelNames: ['error'],
    registers: [registry],
  });
  for (const error of appendErrors) counter.inc({ error }, 0);
  return counter;
};

const appendMetrics = (
  registry: Registry,
  bounds: readonly number[],
): Required<Pick<LogMetrics, 'appended'>> => {
  const registers = [registry];
  const fsync = new Histogram({
    name: 'stemedb_wal_fsync_latency_seconds',
    help: 'Sync of one batch.',
    buckets: [...bounds],
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
  return {
    appended: (append) => {
      fsync.observe(append.syncSeconds);
      writes.inc();
      bytes.inc(append.bytes);
      batch.observe(append.records);
    },
  };
};

/** Counts what the log does; times into buckets that end at these seconds. */
export const logMetrics = (registry: Registry, bounds: readonly number[]): LogMetrics => {
  const registers = [registry];
  const writeErrors = writeErrorCounter(registry);
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
    ...appendMetrics(registry, bounds),
    rotated: () => rotations.inc(),
    writeFailed: ({ code }) => writeErrors.inc({ error: code }),
    died: (error) => {
      if (isSyncFailure(error)) fsyncErrors.inc();
    },
    recovered: (seconds) => recovery.set(seconds),
  };
};
