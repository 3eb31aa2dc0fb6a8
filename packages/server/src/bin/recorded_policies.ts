/** The policies of a database: those that the log holds, and those that are being written. */
import { kindNumber } from '@stemedb/model';
import type { Log } from '../log/log.js';
import { RecordReader } from '../query/records.js';
import type { ApplicableRecord, Store } from '../store/store.js';
import { PolicyHistory } from '../trust/policy_history.js';

/** Every policy that the log holds, read through the store. */
export const recordedPolicies = (log: Log, store: Store): PolicyHistory => {
  const policies = new PolicyHistory();
  const snapshot = store.snapshot();
  try {
    const reader = new RecordReader(log, snapshot);
    for (const { id, place } of snapshot.ofKind(kindNumber.policy)) {
      const content = reader.content(id, place.stamp);
      if (content?.kind === 'policy') policies.add({ id, stamp: place.stamp, content });
    }
  } finally {
    snapshot.release();
  }
  return policies;
};

export const notePolicies = (
  policies: PolicyHistory,
  records: readonly ApplicableRecord[],
): void => {
  for (const { content, id, stamp } of records) {
    if (content?.kind === 'policy') policies.add({ id, stamp, content });
  }
};
