/**
 * Who may do what to records of others (spec 8, "Governance"). The same functions decide at the
 * gate, where it is an error or a warning, and on reading, where it decides whether a record has
 * an effect. Each gives the rule that stands in the way, as a sentence; undefined when none does.
 */
import type { AgentId, Lifecycle } from '@stemedb/model';
import type { EffectivePolicy } from './policy_history.js';

export interface RecordAuthor {
  readonly agentId: AgentId;
  /** True when the node stated it for a caller who did not log in. */
  readonly byNode: boolean;
}

const isSteward = (policy: EffectivePolicy, agent: AgentId): boolean =>
  policy.table.stewards.includes(agent);

/** Superseding, retracting, revising and, of epochs, succeeding a record of `owner`. */
export const supersessionRefusal = (
  policy: EffectivePolicy,
  author: AgentId,
  owner: RecordAuthor,
): string | undefined => {
  switch (policy.table.governance) {
    case 'open':
      return undefined;
    case 'owner':
      // What the node stated has no author of its own: anybody's, while nobody has to log in.
      if (owner.byNode || owner.agentId === author || isSteward(policy, author)) return undefined;
      return (
        `Under governance "owner" only its author ${owner.agentId} and the stewards that the ` +
        'policy names may supersede a record.'
      );
    case 'steward':
      if (isSteward(policy, author)) return undefined;
      return 'Under governance "steward" only the stewards that the policy names may supersede.';
  }
};

/** Joining two concepts: nobody owns a path, so "owner" leaves it to the stewards. */
export const aliasRefusal = (policy: EffectivePolicy, author: RecordAuthor): string | undefined => {
  const { governance } = policy.table;
  if (governance === 'open' || author.byNode || isSteward(policy, author.agentId)) return undefined;
  return (
    `Under governance "${governance}" an alias joins two concepts only when a steward that the ` +
    'policy names states it.'
  );
};

/** Saying whose claims were right. */
export const verdictRefusal = (policy: EffectivePolicy, author: AgentId): string | undefined =>
  policy.table.verdict_agents.includes(author)
    ? undefined
    : 'A verdict counts only when its author is among the verdict agents that the policy names.';

/** A claim that begins in this state, with nothing before it from which it could have come. */
export const newStateRefusal = (
  policy: EffectivePolicy,
  author: RecordAuthor,
  state: Lifecycle,
): string | undefined => {
  if (state === 'proposed' || state === 'under_review') return undefined;
  if (author.byNode || isSteward(policy, author.agentId)) return undefined;
  return `A new claim begins as "proposed" or "under_review", not as "${state}".`;
};
