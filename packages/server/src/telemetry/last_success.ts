/** When backups, archive passes, verifications and drills last succeeded, and how far they came. */
import { Gauge, type Registry } from 'prom-client';

interface Success {
  readonly finishedAtMs: number;
  /** Records of the log that it covers. */
  readonly position: number;
}

type Operation = 'backup' | 'archive' | 'archive_verify' | 'verify' | 'drill';

export interface SuccessReadings {
  /** An operation that never succeeded is not in it; rejects when the notes cannot be read. */
  successes(): Promise<ReadonlyMap<Operation, Success>>;
  /** True when the node is told to have an archive: without, one is not missed. */
  isArchiveWanted(): boolean;
}

/** Callers that ask while an answer is under way share it: gauges are all read at once. */
const sharedWhileUnderWay = <T>(read: () => Promise<T>): (() => Promise<T>) => {
  let underWay: Promise<T> | undefined;
  return () => {
    underWay ??= read().finally(() => {
      underWay = undefined;
    });
    return underWay;
  };
};

/** 0 stands for never, so that an age says that it is too great. */
export const successGauges = (registry: Registry, readings: SuccessReadings): void => {
  const successes = sharedWhileUnderWay(() => readings.successes());
  const gauge = (
    name: string,
    help: string,
    operation: Operation,
    value: (success: Success) => number,
  ): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        // The note of an archive that is not wanted any more would grow old for ever.
        const isExpected = !operation.startsWith('archive') || readings.isArchiveWanted();
        const known = isExpected ? await successes().catch(() => undefined) : undefined;
        const success = known?.get(operation);
        if (known === undefined) this.remove();
        else this.set(success === undefined ? 0 : value(success));
      },
    });
  };
  const finished = ({ finishedAtMs }: Success): number => finishedAtMs / 1000;
  const time = (operation: Operation, help: string): void =>
    gauge(`stemedb_${operation}_last_success_timestamp_seconds`, help, operation, finished);
  time('backup', 'When a backup last succeeded, seconds since 1970; 0: never.');
  time('archive', 'When an archive pass last succeeded; 0: never; no sample without an archive.');
  time(
    'archive_verify',
    'When the archive was last read whole and found sound; 0: never; no sample without an archive.',
  );
  time('verify', 'When the database or a copy of it was last verified and found sound; 0: never.');
  time('drill', 'When a backup was last restored for practice; 0: never.');
  gauge(
    'stemedb_archive_position',
    'Records of the log that the archive holds; stemedb_log_position less this is its lag.',
    'archive',
    ({ position }) => position,
  );
};
