/** The store has all that the log has, and is what a rebuild from it would make. */
import type { Database } from '../../../src/bin/database.js';
import type { Engine } from '../../../src/store/engine.js';
import { verifyStore } from '../../../src/store/verify.js';
import { hold } from '../ledger.js';

export const checkStore = async ({ log, store }: Database, engine: Engine): Promise<void> => {
  hold(store.appliedSequence === log.lastSequence, 'the store has all that the log has', () => {
    return `${store.appliedSequence} of ${log.lastSequence}`;
  });
  for await (const event of verifyStore(engine, log)) {
    if (event.type !== 'finding') continue;
    const { table, detail } = event;
    hold(false, 'the store is what the log makes it', () => `${table}: ${detail}`);
  }
};
