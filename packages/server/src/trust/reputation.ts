/**
 * The trust in agents: a fold over the verdicts on what they stated or signed (spec 8, "Trust").
 *
 * - A verdict counts when its author is among the verdict agents of the policy at its stamp, its
 *   target is a known assertion and nobody took it back; on one assertion the last counts.
 * - It is for the author of the assertion and for those who signed it before the verdict.
 * - Steps follow each other by (effective time, id). Between them, and up to the moment asked,
 *   trust drifts towards its initial value: `initial + (s - initial) * 2^(-dt / half-life)`.
 * - The constants are those of the policy at the moment asked; all figures are whole numbers of
 *   10^-9, so every node gets the same.
 */
import type { AgentId, HlcStamp, RecordId, VerdictContent } from '@stemedb/model';
import { stampMs, zeroStamp } from '@stemedb/model';
import { decayNano, nanoPerOne, toNano } from '../lens/arithmetic.js';
import type { Nano } from '../lens/lens.js';
import type { LastWords } from './direct.js';
import { verdictRefusal } from './governance.js';
import { comesAfter, effectiveMs } from './last.js';
import type { EffectivePolicy } from './policy_history.js';
import type { RecordedContent } from './record_history.js';
import type { RuleRecords } from './rule_records.js';
import type { RuleFacts, TrustStep } from './rules.js';

type RecordedVerdict = RecordedContent<VerdictContent>;
type TrustConstants = EffectivePolicy['table']['trust'];

/** The verdicts that count, by the agents they are about, oldest first. */
export class Judgements {
  readonly #byAgent: ReadonlyMap<AgentId, readonly RecordedVerdict[]>;
  readonly #folded = new Map<AgentId, readonly TrustStep[]>();
  #foldedBy: EffectivePolicy | undefined;
  /** True when the target of every verdict is known, so that none can come to count later. */
  readonly isComplete: boolean;
  /** No target is newer. */
  readonly newestTarget: HlcStamp;

  constructor(found: {
    readonly byAgent: ReadonlyMap<AgentId, readonly RecordedVerdict[]>;
    readonly isComplete: boolean;
    readonly newestTarget: HlcStamp;
  }) {
    this.#byAgent = found.byAgent;
    this.isComplete = found.isComplete;
    this.newestTarget = found.newestTarget;
  }

  get any(): boolean {
    return this.#byAgent.size > 0;
  }

  /** Every step of the trust in an agent under this policy, oldest first. */
  steps(agent: AgentId, policy: EffectivePolicy): readonly TrustStep[] {
    const verdicts = this.#byAgent.get(agent);
    if (verdicts === undefined) return [];
    if (this.#foldedBy !== policy) {
      this.#folded.clear();
      this.#foldedBy = policy;
    }
    const known = this.#folded.get(agent);
    if (known !== undefined) return known;
    const steps = fold(verdicts, policy.table.trust);
    this.#folded.set(agent, steps);
    return steps;
  }
}

/** No verdict was ever given. */
export const noJudgements = new Judgements({
  byAgent: new Map(),
  isComplete: true,
  newestTarget: zeroStamp,
});

/** Reads every verdict of the view with its target and that target's signers. */
export const judgementsOf = (
  records: RuleRecords,
  facts: RuleFacts,
  words: LastWords,
): Judgements => {
  const lasts = new Map<RecordId, RecordedVerdict>();
  for (const verdict of records.verdicts.all(facts)) {
    const policy = records.policies.inForce(verdict.stamp, facts.appliedSequence);
    if (verdictRefusal(policy, verdict.content.agent_id) !== undefined) continue;
    if (words.of(verdict.id) !== undefined) continue;
    const last = lasts.get(verdict.content.target);
    if (last === undefined || comesAfter(verdict, last)) lasts.set(verdict.content.target, verdict);
  }
  const byAgent = new Map<AgentId, RecordedVerdict[]>();
  let isComplete = true;
  let newestTarget: HlcStamp = zeroStamp;
  const inOrder = [...lasts.values()].sort((one, other) => (comesAfter(one, other) ? 1 : -1));
  for (const verdict of inOrder) {
    const target = facts.claim(verdict.content.target);
    if (target === undefined) {
      isComplete = false;
      continue;
    }
    if (target.stamp > newestTarget) newestTarget = target.stamp;
    for (const agent of judged(verdict, target.content.agent_id, facts)) {
      const list = byAgent.get(agent);
      if (list === undefined) byAgent.set(agent, [verdict]);
      else list.push(verdict);
    }
  }
  return new Judgements({ byAgent, isComplete, newestTarget });
};

/** The author of what was judged, and those who signed it before. */
const judged = (
  verdict: RecordedVerdict,
  author: AgentId,
  facts: RuleFacts,
): ReadonlySet<AgentId> => {
  const agents = new Set([author]);
  for (const { agentId, stamp } of facts.attesters(verdict.content.target)) {
    if (stamp < verdict.stamp) agents.add(agentId);
  }
  return agents;
};

const fold = (
  verdicts: readonly RecordedVerdict[],
  constants: TrustConstants,
): readonly TrustStep[] => {
  const steps: TrustStep[] = [];
  let trust: Nano = toNano(constants.initial);
  let lastMs: number | undefined;
  for (const verdict of verdicts) {
    const atMs = effectiveMs(verdict);
    const drifted = lastMs === undefined ? trust : drift(trust, atMs - lastMs, constants);
    trust = stepped(drifted, constants[verdict.content.outcome]);
    lastMs = atMs;
    const { target, outcome } = verdict.content;
    steps.push({ verdict: verdict.id, target, outcome, effectiveMs: atMs, trust });
  }
  return steps;
};

/** The constants of the table are signed: both are added. */
const stepped = (trust: Nano, step: number): Nano => {
  const size = toNano(Math.abs(step));
  return step < 0 ? Math.max(0, trust - size) : Math.min(nanoPerOne, trust + size);
};

const drift = (trust: Nano, elapsedMs: number, constants: TrustConstants): Nano => {
  const initial = toNano(constants.initial);
  const away = decayNano(Math.abs(trust - initial), elapsedMs, constants.half_life_days);
  return trust < initial ? initial - away : initial + away;
};

/** The trust at a moment, after these steps. */
export const trustAfter = (
  steps: readonly TrustStep[],
  asOf: HlcStamp,
  constants: TrustConstants,
): Nano => {
  const last = steps.at(-1);
  if (last === undefined) return toNano(constants.initial);
  return drift(last.trust, stampMs(asOf) - last.effectiveMs, constants);
};
