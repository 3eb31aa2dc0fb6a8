/** The policy that the configuration asks for, appended when it is not the one in force (spec 3). */
import type { AgentId, JsonValue, Outcome, PolicyContent, PolicyTable } from '@stemedb/model';
import { canonicalBytes, canonicalText, kindNumber, ok, recordIdOf } from '@stemedb/model';
import type { GroupCommit } from '../ingest/group_commit.js';
import { allShards } from '../log/log.js';
import type { EffectivePolicy } from '../trust/policy_history.js';

const bodyText = (table: PolicyTable): string => {
  const { classes, schemes, class_mode, grants, governance, stewards, verdict_agents, trust } =
    table;
  return canonicalText({
    classes,
    schemes,
    class_mode,
    grants,
    governance,
    stewards,
    verdict_agents,
    trust,
  } as unknown as JsonValue);
};

/** Appends the wanted policy as a record of the node, unless it is in force already. */
export const ensurePolicy = async (
  wanted: PolicyTable,
  inForce: EffectivePolicy,
  author: { readonly agentId: AgentId; readonly wallMs: number; readonly realm?: string },
  commit: GroupCommit,
): Promise<Outcome<void>> => {
  if (inForce.id !== null && bodyText(inForce.table) === bodyText(wanted)) return ok(undefined);
  const content: PolicyContent = {
    ...wanted,
    kind: 'policy',
    v: 1,
    agent_id: author.agentId,
    asserted_at: author.wallMs,
    ...(author.realm === undefined ? {} : { realm: author.realm }),
  };
  const bytes = canonicalBytes(content as unknown as JsonValue);
  const committed = await commit.commit([
    {
      id: recordIdOf(bytes),
      kind: kindNumber.policy,
      shard: allShards,
      proof: 'node',
      bytes,
      content,
    },
  ]);
  return committed.ok ? ok(undefined) : committed;
};
