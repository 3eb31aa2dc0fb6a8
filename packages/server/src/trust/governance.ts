/**
 * Who may supersede a record (spec 8, "Governance"). One function decides at the gate, where it is
 * an error, and on reading, where it decides whether a supersession has an effect.
 */
import type { AgentId } from '@stemedb/model';
import type { EffectivePolicy } from './policy_history.js';

export interface RecordAuthor {
  readonly agentId: AgentId;
  /** True when the node stated it for a caller who did not log in. */
  readonly byNode: boolean;
}

/**
 * The rule that keeps `author` from superseding a record of `owner` under this policy, as a
 * sentence; undefined when the author may.
 */
export const supersessionRefusal = (
  policy: EffectivePolicy,
  author: AgentId,
  owner: RecordAuthor,
): string | undefined => {
  const { governance, stewards } = policy.table;
  switch (governance) {
    case 'open':
      return undefined;
    case 'owner':
      // What the node stated has no author of its own: anybody's, while nobody has to log in.
      if (owner.byNode || owner.agentId === author) return undefined;
      return `Under governance "owner" only its author ${owner.agentId} may supersede a record.`;
    case 'steward':
      if (stewards.includes(author)) return undefined;
      return 'Under governance "steward" only the stewards that the policy names may supersede.';
  }
};
