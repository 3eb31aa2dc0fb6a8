/**
 * Gauges that are read when somebody asks. A reading that fails, or that has nothing to say, leaves
 * its sample out: the rest is told all the same, since a node is asked most when it is unwell.
 */
import { Gauge, type Registry } from 'prom-client';
import { type SuccessReadings, successGauges } from './last_success.js';

/** The directories of a node. */
type DataDirectory = 'wal' | 'db';

export interface Readings extends SuccessReadings {
  assertions(): number;
  logBytes(): number;
  logSegments(): number;
  /** Records in the log, which is the sequence of the newest. */
  logPosition(): number;
  storeBytes(): Promise<number>;
  clockAheadSeconds(): number;
  /** True when the node should be sent requests. */
  isReady(): boolean;
  /** Room on the file system of a directory. */
  space(
    directory: DataDirectory,
  ): Promise<{ readonly sizeBytes: number; readonly freeBytes: number }>;
  /** Memory that is no page of a file. */
  memoryBytes(): Promise<number>;
  /** What the settings let it take, documented beside `cache_size`. */
  memoryBoundBytes(): number;
  /** Circuit breakers that are open. */
  openBreakers(): number;
  /** Records that wait in quarantine for a decision. */
  quarantined(): number;
  /** End of the certificate, seconds since 1970; undefined when the node has none. */
  certificateExpirySeconds(): number | undefined;
  readonly version: string;
}

type Read = () => number | undefined | Promise<number | undefined>;

const gaugeIn = (registry: Registry, name: string, help: string, read: Read): void => {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      const value = await Promise.resolve()
        .then(read)
        .catch(() => undefined);
      if (value === undefined) this.remove();
      else this.set(value);
    },
  });
};

const spaceGauges = (registry: Registry, readings: Readings): void => {
  const gauge = (name: string, help: string, part: 'sizeBytes' | 'freeBytes'): void => {
    new Gauge({
      name,
      help,
      labelNames: ['directory'],
      registers: [registry],
      async collect() {
        this.reset();
        for (const directory of ['wal', 'db'] as const) {
          const space = await readings.space(directory).catch(() => undefined);
          if (space !== undefined) this.set({ directory }, space[part]);
        }
      },
    });
  };
  gauge(
    'stemedb_disk_size_bytes',
    'What the file system of a directory holds, taken and free.',
    'sizeBytes',
  );
  gauge('stemedb_disk_free_bytes', 'What may still be written there.', 'freeBytes');
};

export const readingGauges = (registry: Registry, readings: Readings): void => {
  const gauge = (name: string, help: string, read: Read): void =>
    gaugeIn(registry, name, help, read);
  gauge('stemedb_assertions_total', 'Assertions stored.', () => readings.assertions());
  gauge('stemedb_wal_disk_usage_bytes', 'Bytes of all segments.', () => readings.logBytes());
  gauge('stemedb_wal_segments_count', 'Segments of the log.', () => readings.logSegments());
  gauge('stemedb_log_position', 'Records in the log, all of them durable.', () =>
    readings.logPosition(),
  );
  gauge('stemedb_db_disk_usage_bytes', 'Bytes of the store.', () => readings.storeBytes());
  gauge(
    'stemedb_clock_ahead_seconds',
    'How far the newest stamp was ahead of the wall clock at the last start.',
    () => readings.clockAheadSeconds(),
  );
  gauge('stemedb_ready', '1 when the node should be sent requests, else 0.', () =>
    readings.isReady() ? 1 : 0,
  );
  gauge('stemedb_memory_anonymous_bytes', 'Memory of the process that is no page of a file.', () =>
    readings.memoryBytes(),
  );
  gauge('stemedb_memory_bound_bytes', 'What the settings let it take, but for wide pairs.', () =>
    readings.memoryBoundBytes(),
  );
  gauge('stemedb_circuit_breakers_open', 'Circuit breakers that are open.', () =>
    readings.openBreakers(),
  );
  gauge('stemedb_quarantine_pending', 'Records in quarantine that wait for a decision.', () =>
    readings.quarantined(),
  );
  gauge(
    'stemedb_tls_certificate_expiry_timestamp_seconds',
    'When the certificate ends, seconds since 1970; no sample without a certificate.',
    () => readings.certificateExpirySeconds(),
  );
  spaceGauges(registry, readings);
  successGauges(registry, readings);
  new Gauge({
    name: 'stemedb_build_info',
    help: 'Always 1, under the version that runs.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version: readings.version }, 1);
};
