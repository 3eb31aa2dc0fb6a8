/**
 * What is measured, under the names of the specification (section 9), in one Prometheus registry.
 * The rooms know only the small callback interfaces; label values come from closed sets.
 */
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { GroupCommitMetrics } from '../ingest/group_commit.js';
import type { IngestMetrics } from '../ingest/ingest_service.js';
import type { LogMetrics } from '../log/metrics.js';
import type { CacheMetrics } from '../query/query_cache.js';
import type { StoreMetrics } from '../store/measured.js';
import { logMetrics } from './log_counts.js';
import type { HttpMetrics, QueryMetrics } from './metrics.js';
import { operationMetrics } from './operation_counts.js';
import { cacheMetrics, questionMetrics } from './question_counts.js';
import { type Readings, readingGauges } from './readings.js';
import { RequestCounts } from './request_counts.js';

export interface Telemetry {
  readonly log: LogMetrics;
  readonly ingest: IngestMetrics;
  readonly commit: GroupCommitMetrics;
  readonly http: HttpMetrics;
  readonly query: QueryMetrics;
  readonly cache: CacheMetrics;
  readonly store: StoreMetrics;
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
/** The store answers most reads from memory-mapped pages: from 5 us on. */
const operationBuckets = [0.000_005, 0.000_01, 0.000_025, ...secondsBuckets];

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
    log: logMetrics(registry, secondsBuckets),
    ingest: { assertionsCreated: (count) => ingested.inc(count) },
    commit: { batchVisible: (_records, seconds) => flush.observe(seconds) },
    http: new RequestCounts(registry, secondsBuckets),
    query: questionMetrics(registry, secondsBuckets),
    cache: cacheMetrics(registry),
    store: operationMetrics(registry, operationBuckets),
    signatureThreadFailed: () => threadFailures.inc(),
    observe: (readings) => readingGauges(registry, readings),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
};
