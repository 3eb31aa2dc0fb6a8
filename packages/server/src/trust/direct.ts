/**
 * What was said about a record itself: the last effective supersession on it, by (effective time,
 * id) among those that are seen (spec 7, "Retraction acts on reading").
 *
 * `retract` and `replace` = out, `restore` = in; a `replace` also restores its replacement. A
 * supersession is effective on a record when its author may supersede *that* record under the
 * policy in force at the supersession's own stamp, so nobody brings another's record back by
 * naming it as a replacement. Retracting a supersession leaves alone what it did.
 */
import type { RecordId, SupersessionContent } from '@stemedb/model';
import { type RecordAuthor, supersessionRefusal } from './governance.js';
import { comesAfter } from './last.js';
import type { RecordedContent } from './record_history.js';
import type { RuleRecords } from './rule_records.js';
import type { Assumption, RuleFacts } from './rules.js';

/** How a record itself is out. */
export interface DirectlyOut {
  readonly why: 'retract' | 'replace';
  /** The supersession; the record itself when the question only assumes it. */
  readonly by: RecordId;
}

/** The last words at one moment; made for one question. */
export class LastWords {
  readonly #records: RuleRecords;
  readonly #facts: RuleFacts;
  readonly #assume: Assumption | undefined;
  readonly #known = new Map<RecordId, DirectlyOut | undefined>();
  /** True when something was superseded, or is assumed to be. */
  readonly any: boolean;

  constructor(records: RuleRecords, facts: RuleFacts, assume?: Assumption) {
    this.#records = records;
    this.#facts = facts;
    this.#assume = assume;
    this.any = assume !== undefined || records.supersessions.any(facts);
  }

  /** How the record is out by what was said about it; undefined when it is not. */
  of(id: RecordId): DirectlyOut | undefined {
    if (!this.any) return undefined;
    if (this.#assume?.retracted === id) return { why: 'retract', by: id };
    const known = this.#known.get(id);
    if (known !== undefined || this.#known.has(id)) return known;
    const found = this.#find(id);
    this.#known.set(id, found);
    return found;
  }

  #find(id: RecordId): DirectlyOut | undefined {
    let last: RecordedContent<SupersessionContent> | undefined;
    let owner: RecordAuthor | undefined;
    for (const one of this.#records.supersessions.under(id, this.#facts)) {
      if (last !== undefined && !comesAfter(one, last)) continue;
      owner ??= this.#facts.author(id);
      if (owner === undefined) return undefined;
      const policy = this.#records.policies.inForce(one.stamp, this.#facts.appliedSequence);
      if (supersessionRefusal(policy, one.content.agent_id, owner) === undefined) last = one;
    }
    if (last === undefined || last.content.target !== id) return undefined;
    const { action } = last.content;
    return action === 'restore' ? undefined : { why: action, by: last.id };
  }
}
