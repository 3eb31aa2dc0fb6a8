/** The taint of a simulated database, read anew from its files' state each time. */
import { Histories } from '../../src/bin/histories.js';
import { RecordReader } from '../../src/query/records.js';
import type { Taint } from '../../src/trust/taint.js';
import type { SimulatedDatabase } from './databases.js';

export const taintOf = ({ database }: SimulatedDatabase): Taint => ({
  tainted: async (ids, asOf, mayRest) => {
    const { log, store } = database;
    const snapshot = store.snapshot();
    try {
      const reader = new RecordReader(log, snapshot);
      const turn = (): Promise<void> => Promise.resolve();
      const { rulesOver } = new Histories(log, store);
      const { taint } = rulesOver({ snapshot, reader, asOf, turn });
      return (await taint?.tainted(ids, asOf, mayRest)) ?? new Map();
    } finally {
      snapshot.release();
    }
  },
});
