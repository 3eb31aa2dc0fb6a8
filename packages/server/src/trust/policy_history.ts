/**
 * Every policy that was ever in force, so that a question about a past moment is answered with the
 * policy of that moment (spec 3). "The last" is by (effective time, id) among those with a stamp
 * at or before the moment; so neither order of arrival nor back-dating matters. Only what a node
 * stated from its configuration counts: nobody's signature grants authority to itself.
 */
import type { HlcStamp, PolicyContent, RecordId } from '@stemedb/model';
import { defaultPolicyTable, zeroStamp } from '@stemedb/model';
import { comesAfter, effectiveMs } from './last.js';
import { type RecordedContent, RecordHistory } from './record_history.js';

/** The policy as questions use it: the table, and the record it stands in (null: built in). */
export interface EffectivePolicy {
  readonly id: RecordId | null;
  /** From when it counts, milliseconds: a later policy has to lie after it. */
  readonly effectiveMs: number;
  readonly table: Omit<PolicyContent, 'kind' | 'v' | 'agent_id' | 'asserted_at' | 'realm'>;
}

const builtIn: EffectivePolicy = { id: null, effectiveMs: 0, table: defaultPolicyTable };

export class PolicyHistory {
  readonly #policies = new RecordHistory<PolicyContent, never>(() => []);
  #newestStamp: HlcStamp = zeroStamp;
  #lastSequence = 0;
  /** In force once everything is seen, which is what nearly every question asks. */
  #latest: EffectivePolicy = builtIn;

  /** Takes a policy record in; the smaller stamp counts when the same id comes again. */
  add(policy: RecordedContent<PolicyContent>): void {
    this.#policies.add(policy);
    if (policy.stamp > this.#newestStamp) this.#newestStamp = policy.stamp;
    this.#lastSequence = Math.max(this.#lastSequence, policy.sequence);
    this.#latest = this.#find(this.#newestStamp, this.#lastSequence);
  }

  /** The policy in force at a moment; the built-in table when none was recorded by then. A
   * question gives the last sequence of its snapshot, so that it sees none that came later. */
  inForce(asOf: HlcStamp, appliedSequence: number = Number.MAX_SAFE_INTEGER): EffectivePolicy {
    const seesAll = asOf >= this.#newestStamp && appliedSequence >= this.#lastSequence;
    return seesAll ? this.#latest : this.#find(asOf, appliedSequence);
  }

  #find(asOf: HlcStamp, appliedSequence: number): EffectivePolicy {
    let last: RecordedContent<PolicyContent> | undefined;
    for (const policy of this.#policies.all({ asOf, appliedSequence })) {
      if (!policy.byNode) continue;
      if (last === undefined || comesAfter(policy, last)) last = policy;
    }
    if (last === undefined) return builtIn;
    return { id: last.id, effectiveMs: effectiveMs(last), table: last.content };
  }
}
