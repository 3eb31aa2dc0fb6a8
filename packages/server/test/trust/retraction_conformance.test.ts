/** Our own retraction passes the suite that a cluster's must pass. */
import { taintConformance } from '../conformance/taint.js';
import { mergeAll, simulatedDatabase } from '../support/databases.js';
import { taintOf } from '../support/taints.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;

taintConformance('one node', startMs, async () => {
  const target = await simulatedDatabase({ startMs: startMs + dayMs, identity: 1 });
  return {
    merge: (records) => mergeAll(target, records),
    taint: taintOf(target),
    close: () => target.database.close(),
  };
});
