/**
 * Which epochs stand (spec 6, "Epochs"): an epoch is superseded when one that names it was stated
 * by an author who may supersede it and was not taken back itself; or when it was itself taken
 * back by a supersession. Superseding the successor does not bring its predecessor back.
 */
import type { EpochContent, RecordId } from '@stemedb/model';
import type { LastWords } from './direct.js';
import { supersessionRefusal } from './governance.js';
import { comesAfter } from './last.js';
import type { RecordedContent } from './record_history.js';
import type { RuleRecords } from './rule_records.js';
import type { RuleFacts } from './rules.js';

type RecordedEpoch = RecordedContent<EpochContent>;

/** For one question. */
export class Epochs {
  readonly #records: RuleRecords;
  readonly #facts: RuleFacts;
  readonly #words: LastWords;
  readonly #known = new Map<RecordId, RecordId | undefined>();

  constructor(records: RuleRecords, facts: RuleFacts, words: LastWords) {
    this.#records = records;
    this.#facts = facts;
    this.#words = words;
  }

  /** The supersession or the epoch by which this one is out; of several epochs the last. */
  supersededBy(id: RecordId): RecordId | undefined {
    const known = this.#known.get(id);
    if (known !== undefined || this.#known.has(id)) return known;
    const found = this.#find(id);
    this.#known.set(id, found);
    return found;
  }

  /** The rule that keeps one epoch from superseding another; undefined when it does. */
  refusal(successor: RecordedEpoch, id: RecordId): string | undefined {
    const epoch = this.#records.epochs.get(id, this.#facts);
    if (epoch === undefined) return `There is no epoch ${id} here.`;
    const owner = { agentId: epoch.content.agent_id, byNode: epoch.byNode };
    const policy = this.#records.policies.inForce(successor.stamp, this.#facts.appliedSequence);
    return supersessionRefusal(policy, successor.content.agent_id, owner);
  }

  #find(id: RecordId): RecordId | undefined {
    if (this.#records.epochs.get(id, this.#facts) === undefined) return undefined;
    const direct = this.#words.of(id);
    if (direct !== undefined) return direct.by;
    let last: RecordedEpoch | undefined;
    for (const one of this.#records.epochs.under(id, this.#facts)) {
      if (this.#words.of(one.id) !== undefined) continue;
      if (this.refusal(one, id) !== undefined) continue;
      if (last === undefined || comesAfter(one, last)) last = one;
    }
    return last?.id;
  }
}
