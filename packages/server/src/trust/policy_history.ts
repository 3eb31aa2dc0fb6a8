/**
 * Every policy that was ever in force, so that a question about a past moment is answered with the
 * policy of that moment (spec 3). "The last" is by (effective time, id) among those with a stamp
 * at or before the moment; so neither order of arrival nor back-dating matters.
 */
import type { HlcStamp, PolicyContent, RecordId } from '@stemedb/model';
import { defaultPolicyTable } from '@stemedb/model';
import { comesAfter, effectiveMs } from './last.js';

export interface RecordedPolicy {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  readonly content: PolicyContent;
}

/** The policy as questions use it: the table, and the record it stands in (null: built in). */
export interface EffectivePolicy {
  readonly id: RecordId | null;
  /** From when it counts, milliseconds: a later policy has to lie after it. */
  readonly effectiveMs: number;
  readonly table: Omit<PolicyContent, 'kind' | 'v' | 'agent_id' | 'asserted_at' | 'realm'>;
}

export class PolicyHistory {
  readonly #policies = new Map<RecordId, RecordedPolicy>();

  /** Takes a policy record in; the smaller stamp counts when the same id comes again. */
  add(policy: RecordedPolicy): void {
    const known = this.#policies.get(policy.id);
    if (known !== undefined && known.stamp <= policy.stamp) return;
    this.#policies.set(policy.id, policy);
  }

  /** The policy in force at a moment; the built-in table when none was recorded by then. */
  inForce(asOf: HlcStamp): EffectivePolicy {
    let last: RecordedPolicy | undefined;
    for (const policy of this.#policies.values()) {
      if (policy.stamp > asOf) continue;
      if (last === undefined || comesAfter(policy, last)) last = policy;
    }
    return last === undefined
      ? { id: null, effectiveMs: 0, table: defaultPolicyTable }
      : { id: last.id, effectiveMs: effectiveMs(last), table: last.content };
  }
}
