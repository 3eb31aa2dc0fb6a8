/**
 * Whom the verdicts are about (spec 8, "Trust").
 *
 * - A verdict counts when its author is among the verdict agents of the policy at its stamp, its
 *   target is a known assertion and nobody took it back.
 * - A transition speaks with the voice of the first claim of its chain, so that is what a verdict
 *   on it judges: on one chain the last verdict counts, for the author of the first claim and for
 *   those who signed a claim of the chain, up to the judged one, before the verdict. Who approved
 *   it is not judged.
 */
import type { AgentId, HlcStamp, RecordId } from '@stemedb/model';
import { zeroStamp } from '@stemedb/model';
import type { LastWords } from './direct.js';
import { verdictRefusal } from './governance.js';
import { comesAfter } from './last.js';
import type { Lineage } from './lineage.js';
import { type JudgedFrom, Judgements, type RecordedVerdict } from './reputation.js';
import type { RuleRecords } from './rule_records.js';
import type { RuleFacts } from './rules.js';
import { initialState, revisionDepthMax, statedLifecycle } from './transitions.js';
import { type Turns, workPerRecord } from './turns.js';

/** What verdicts are read from. */
export interface JudgedRecords {
  readonly records: RuleRecords;
  readonly facts: RuleFacts;
  readonly words: LastWords;
  readonly lineage: Lineage;
}

/** Reads every verdict of the view with what it is about, and who signed that. */
export const judgementsOf = (read: JudgedRecords): Judgements => {
  const steps = judging(read);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  return step.value;
};

/** The same, leaving turns to others. */
export const judgementsWithTurns = async (
  read: JudgedRecords,
  turns: Turns,
): Promise<Judgements> => {
  const steps = judging(read);
  let step = steps.next();
  while (step.done !== true) {
    if (turns.isDue(step.value)) await turns.give();
    step = steps.next();
  }
  return step.value;
};

/** Step by step; each says the work that it was. */
function* judging(read: JudgedRecords): Generator<number, Judgements, void> {
  const { records, facts } = read;
  const chains = new Chains(read);
  const lasts = new Map<RecordId, Judged>();
  for (const verdict of records.verdicts.all(facts)) {
    if (!doesCount(verdict, read)) continue;
    const chain = chains.of(verdict.content.target);
    yield workPerRecord * (1 + (chain?.claims.length ?? 0));
    if (chain === undefined) continue;
    const last = lasts.get(chain.voice);
    if (last === undefined || comesAfter(verdict, last.verdict)) {
      lasts.set(chain.voice, { verdict, chain });
    }
  }
  const byAgent = new Map<AgentId, RecordedVerdict[]>();
  const signed = new Map<RecordId, HlcStamp>();
  const inOrder = [...lasts.values()].sort((one, other) =>
    comesAfter(one.verdict, other.verdict) ? 1 : -1,
  );
  for (const { verdict, chain } of inOrder) {
    for (const { id } of chain.claims) {
      const newest = signed.get(id);
      if (newest === undefined || newest < verdict.stamp) signed.set(id, verdict.stamp);
    }
    const agents = judgedBy(verdict, chain, facts);
    yield workPerRecord * chain.claims.length + agents.size;
    for (const agent of agents) {
      const list = byAgent.get(agent);
      if (list === undefined) byAgent.set(agent, [verdict]);
      else list.push(verdict);
    }
  }
  return new Judgements(byAgent, { ...chains.read, signed });
}

/** A verdict with the claims that it is about. */
interface Judged {
  readonly verdict: RecordedVerdict;
  readonly chain: Chain;
}

const doesCount = (verdict: RecordedVerdict, { records, facts, words }: JudgedRecords): boolean => {
  const policy = records.policies.inForce(verdict.stamp, facts.appliedSequence);
  if (verdictRefusal(policy, verdict.content.agent_id) !== undefined) return false;
  return words.of(verdict.id) === undefined;
};

/** A claim and those that it carries on in another state. */
interface Chain {
  /** The first claim of the chain: who stated it is judged. */
  readonly voice: RecordId;
  /** The claim itself first, the voice last. */
  readonly claims: readonly { readonly id: RecordId; readonly author: AgentId }[];
}

/** Chains of claims, and what was read to find them. */
class Chains {
  readonly #facts: RuleFacts;
  readonly #lineage: Lineage;
  readonly #claims = new Set<RecordId>();
  #isComplete = true;
  #newestClaim: HlcStamp = zeroStamp;

  constructor({ facts, lineage }: JudgedRecords) {
    this.#facts = facts;
    this.#lineage = lineage;
  }

  get read(): Omit<JudgedFrom, 'signed'> {
    const [isComplete, newestClaim, claims] = [this.#isComplete, this.#newestClaim, this.#claims];
    return { isComplete, newestClaim, claims };
  }

  /** Undefined when the claim is not known. */
  of(target: RecordId): Chain | undefined {
    this.#readAbove(target);
    const claims = [target, ...this.#lineage.transitionsOf(target)].flatMap((id) => {
      const author = this.#facts.claim(id)?.content.agent_id;
      return author === undefined ? [] : [{ id, author }];
    });
    const voice = claims.at(-1)?.id;
    return voice === undefined ? undefined : { voice, claims };
  }

  /** Notes every claim on which it may rest whose chain this one belongs to. */
  #readAbove(target: RecordId): void {
    let id: RecordId | undefined = target;
    for (let above = 0; id !== undefined && above <= revisionDepthMax + 1; above += 1) {
      const claim = this.#facts.claim(id);
      this.#claims.add(id);
      if (claim === undefined) {
        this.#isComplete = false;
        return;
      }
      if (claim.stamp > this.#newestClaim) this.#newestClaim = claim.stamp;
      // No transition leads to the first state.
      id = statedLifecycle(claim.content) === initialState ? undefined : claim.content.parent;
    }
  }
}

/**
 * Who stated what was judged, and those who signed it before, whichever record of its chain up to
 * the one that was judged they signed. A signature by which somebody proved a transition to be
 * its own is none of the claim: who approved it is not judged.
 */
const judgedBy = (
  verdict: RecordedVerdict,
  { voice, claims }: Chain,
  facts: RuleFacts,
): ReadonlySet<AgentId> => {
  const agents = new Set<AgentId>();
  for (const { id, author } of claims) {
    if (id === voice) agents.add(author);
    for (const { agentId, stamp } of facts.attesters(id)) {
      if (agentId === author) continue;
      if (stamp < verdict.stamp) agents.add(agentId);
    }
  }
  return agents;
};
