/** Operations of the store, counted in plain numbers (`durations.ts`). */
import { Counter, type Registry } from 'prom-client';
import { type StoreMetrics, type StoreOperation, storeOperations } from '../store/measured.js';
import { Counted, DurationHistogram } from './durations.js';

const byOperation = <T>(make: (operation: StoreOperation) => T): Record<StoreOperation, T> => ({
  apply: make('apply'),
  checkpoint: make('checkpoint'),
  read: make('read'),
  scan: make('scan'),
});

/** Every operation has its samples from the start, so that a first failure is seen as a rise. */
export const operationMetrics = (registry: Registry, bounds: readonly number[]): StoreMetrics => {
  const durations = byOperation((operation) => new Counted({ operation }, bounds));
  const failures = byOperation(() => 0);
  new DurationHistogram(
    {
      name: 'stemedb_storage_operation_duration_seconds',
      help: 'Time that an operation of the store took: apply, checkpoint, read or scan.',
    },
    registry,
    () => storeOperations.map((operation) => durations[operation]),
  );
  new Counter({
    name: 'stemedb_storage_operation_errors_total',
    help: 'Operations of the store that failed; a damaged entry that was met counts as one.',
    labelNames: ['operation'],
    registers: [registry],
    collect() {
      this.reset();
      for (const operation of storeOperations) this.inc({ operation }, failures[operation]);
    },
  });
  return {
    ended: (operation, seconds) => durations[operation].observe(seconds),
    failed: (operation) => {
      failures[operation] += 1;
    },
  };
};
