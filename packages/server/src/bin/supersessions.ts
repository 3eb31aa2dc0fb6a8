/** The supersessions of a database: read at opening, added as they are written, asked for both. */
import type { AgentId, RecordId } from '@stemedb/model';
import { kindNumber } from '@stemedb/model';
import type { Log } from '../log/log.js';
import { RecordReader } from '../query/records.js';
import { recordFacts, type TaintOver } from '../query/taints.js';
import type { ApplicableRecord, Store, StoreSnapshot } from '../store/store.js';
import { supersessionRefusal } from '../trust/governance.js';
import type { PolicyHistory } from '../trust/policy_history.js';
import { Retractions, SupersessionHistory } from '../trust/retraction.js';

export class Supersessions {
  readonly #log: Log;
  readonly #store: Store;
  readonly #policies: PolicyHistory;
  readonly #history = new SupersessionHistory();

  constructor(log: Log, store: Store, policies: PolicyHistory) {
    this.#log = log;
    this.#store = store;
    this.#policies = policies;
    this.#read((snapshot, reader) => {
      for (const { id, place } of snapshot.ofKind(kindNumber.supersession)) {
        const { stamp, sequence } = place;
        const content = reader.content(id, stamp);
        if (content?.kind === 'supersession') this.#history.add({ id, stamp, sequence, content });
      }
    });
  }

  /** Takes in what is durable, before it is visible: no question sees a retraction too late. */
  note(records: readonly ApplicableRecord[]): void {
    for (const { content, id, stamp, sequence } of records) {
      if (content?.kind === 'supersession') this.#history.add({ id, stamp, sequence, content });
    }
  }

  /** The taint for one question. */
  readonly taintOver: TaintOver = ({ snapshot, reader, asOf, turn }) => {
    if (!this.#history.anyAt(asOf, snapshot.appliedSequence)) return undefined;
    const facts = recordFacts(snapshot, reader);
    return new Retractions({ history: this.#history, policies: this.#policies, facts, turn });
  };

  /** The rule that keeps an agent from superseding a record now; undefined when none does. */
  refusal(target: RecordId, author: AgentId): string | undefined {
    return this.#read((snapshot, reader) => {
      const now = snapshot.visibleStamp;
      const owner = recordFacts(snapshot, reader).author(target, now);
      if (owner === undefined) return undefined;
      return supersessionRefusal(this.#policies.inForce(now), author, owner);
    });
  }

  #read<T>(read: (snapshot: StoreSnapshot, reader: RecordReader) => T): T {
    const snapshot = this.#store.snapshot();
    try {
      return read(snapshot, new RecordReader(this.#log, snapshot));
    } finally {
      snapshot.release();
    }
  }
}
