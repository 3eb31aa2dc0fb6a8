/** The policy that the configuration asks for, appended when another is in force (spec 3). */
import type {
  AgentId,
  HlcStamp,
  HybridClock,
  JsonValue,
  Outcome,
  PolicyContent,
  PolicyTable,
} from '@stemedb/model';
import { canonicalBytes, canonicalText, kindNumber, ok, recordIdOf } from '@stemedb/model';
import type { Prepared } from '../ingest/gates.js';
import type { GroupCommit } from '../ingest/group_commit.js';
import type { Warning } from '../ingest/ingest.js';
import { allShards } from '../log/log.js';
import type { EffectivePolicy, PolicyHistory } from '../trust/policy_history.js';
import { ClassTable } from '../trust/source_class.js';

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
  author: {
    readonly agentId: AgentId;
    readonly wallMs: number;
    readonly realm: string | undefined;
  },
  commit: GroupCommit,
  clock: HybridClock,
): Promise<Outcome<void>> => {
  if (inForce.id !== null && bodyText(inForce.table) === bodyText(wanted)) return ok(undefined);
  // The last policy is found by its effective time; a wall clock that was set back must not put
  // the new one in front of the one that it replaces.
  const assertedMs = Math.max(author.wallMs, inForce.effectiveMs + 1);
  if (assertedMs > author.wallMs) clock.advancePast(assertedMs);
  const content: PolicyContent = {
    ...wanted,
    kind: 'policy',
    v: 1,
    agent_id: author.agentId,
    asserted_at: assertedMs,
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

/** What the policy in force says about a record that is being written. */
export class PolicyAdvice {
  readonly #policies: PolicyHistory;
  readonly #now: () => HlcStamp;
  #table: { readonly id: string | null; readonly classes: ClassTable } | undefined;

  constructor(policies: PolicyHistory, now: () => HlcStamp) {
    this.#policies = policies;
    this.#now = now;
  }

  /** `class_not_granted` when a claim asks for more than its author was granted. */
  warningsOf({ content }: Prepared): readonly Warning[] {
    // Most claims ask for no class.
    if (content.kind !== 'assertion' || content.source_class === undefined) return [];
    const counted = this.#classes().count([
      { name: content.source_class, agents: [content.agent_id] },
    ]);
    if (counted.notGranted === undefined) return [];
    const detail =
      `The class "${counted.notGranted}" is not granted to ${content.agent_id}; ` +
      `the claim counts as "${counted.name}".`;
    return [{ code: 'class_not_granted', detail, pointer: '/source_class' }];
  }

  #classes(): ClassTable {
    const policy = this.#policies.inForce(this.#now());
    if (this.#table?.id !== policy.id || this.#table === undefined) {
      this.#table = { id: policy.id, classes: new ClassTable(policy) };
    }
    return this.#table.classes;
  }
}
