/** The rules about claims for one question, put together from the parts that know one each. */
import type { AgentId, RecordId } from '@stemedb/model';
import type { Nano } from '../lens/lens.js';
import { Aliases } from './aliases.js';
import { LastWords } from './direct.js';
import { withoutEffect } from './effects.js';
import { Epochs } from './epochs.js';
import type { JudgementMemo } from './judgement_memo.js';
import { type JudgedRecords, judgementsOf, judgementsWithTurns } from './judging.js';
import { Lineage } from './lineage.js';
import type { EffectivePolicy } from './policy_history.js';
import { type Judgements, noJudgements, trustAfter } from './reputation.js';
import { Retractions } from './retraction.js';
import { Revisions } from './revisions.js';
import type { RuleRecords } from './rule_records.js';
import type {
  Assumption,
  ClaimRules,
  JoinedPaths,
  RevisableClaim,
  RuleFacts,
  Standing,
  TrustStep,
} from './rules.js';
import type { Taint } from './taint.js';
import { isInitial } from './transitions.js';
import { Turns } from './turns.js';

export interface ClaimRulesParts {
  readonly records: RuleRecords;
  readonly facts: RuleFacts;
  /** Awaited now and then: the question's deadline, and others' turn. */
  readonly turn?: () => Promise<void>;
  readonly assume?: Assumption;
  /** Shared by the questions of one database. */
  readonly judgements?: JudgementMemo;
}

const noStandings: ReadonlyMap<RecordId, Standing> = new Map();

class RulesOfMoment implements ClaimRules {
  readonly taint: Taint | undefined;
  readonly provenance: Taint;
  readonly #parts: ClaimRulesParts;
  readonly #policy: EffectivePolicy;
  readonly #words: LastWords;
  readonly #lineage: Lineage;
  readonly #epochs: Epochs;
  readonly #aliases: Aliases;
  readonly #turns: Turns;
  #judgements: Judgements | undefined;

  constructor(parts: ClaimRulesParts) {
    const { records, facts, assume, turn } = parts;
    this.#parts = parts;
    this.#policy = records.policies.inForce(facts.asOf, facts.appliedSequence);
    this.#words = new LastWords(records, facts, assume);
    this.#lineage = new Lineage(records.policies, facts);
    this.#epochs = new Epochs(records, facts, this.#words);
    this.#aliases = new Aliases(records, facts, this.#words);
    this.#turns = new Turns(turn ?? giveNoTurn);
    const [words, lineage, turns] = [this.#words, this.#lineage, this.#turns];
    this.provenance = new Retractions({ words, lineage, facts, turns });
    this.taint = words.any ? this.provenance : undefined;
  }

  get trustMoves(): boolean {
    return this.#judged().any;
  }

  standings(
    claims: readonly RevisableClaim[],
  ): Promise<ReadonlyMap<RecordId, Standing>> | ReadonlyMap<RecordId, Standing> {
    if (claims.every((claim) => !claim.hasParent && isInitial(claim.lifecycle))) return noStandings;
    const revisions = new Revisions({
      lineage: this.#lineage,
      taint: this.taint,
      asOf: this.#parts.facts.asOf,
      turns: this.#turns,
    });
    return revisions.standings(claims);
  }

  carriesOn(claim: RecordId): RecordId | undefined {
    return this.#lineage.transitionParent(claim);
  }

  epochSupersededBy(epoch: RecordId): RecordId | undefined {
    return this.#epochs.supersededBy(epoch);
  }

  joined(conceptPath: string, aliases: 'effective' | 'all' | 'none'): JoinedPaths {
    return this.#aliases.joined(conceptPath, aliases);
  }

  joinedDirectly(conceptPath: string): Iterable<string | undefined> {
    return this.#aliases.direct(conceptPath);
  }

  trustOf(agent: AgentId): Nano {
    const { trust } = this.#policy.table;
    return trustAfter(this.trustSteps(agent), this.#parts.facts.asOf, trust);
  }

  trustSteps(agent: AgentId): readonly TrustStep[] {
    return this.#judged().steps(agent, this.#policy);
  }

  withoutEffect(id: RecordId): string | undefined {
    const [words, epochs, aliases] = [this.#words, this.#epochs, this.#aliases];
    return withoutEffect({ ...this.#parts, words, epochs, aliases }, id);
  }

  async readTrust(): Promise<void> {
    this.#judgements ??= this.#keptJudgements();
    if (this.#judgements !== undefined) return;
    this.#judgements = this.#keeping(await judgementsWithTurns(this.#judgedRecords(), this.#turns));
  }

  #judged(): Judgements {
    this.#judgements ??= this.#keptJudgements();
    this.#judgements ??= this.#keeping(judgementsOf(this.#judgedRecords()));
    return this.#judgements;
  }

  #judgedRecords(): JudgedRecords {
    const { records, facts } = this.#parts;
    return { records, facts, words: this.#words, lineage: this.#lineage };
  }

  #keptJudgements(): Judgements | undefined {
    const { records, facts } = this.#parts;
    return records.verdicts.any(facts) ? this.#memo()?.kept(facts) : noJudgements;
  }

  #keeping(found: Judgements): Judgements {
    this.#memo()?.keep(this.#parts.facts, found);
    return found;
  }

  /** A verdict that is supposed to be retracted was not: nobody else may be told so. */
  #memo(): JudgementMemo | undefined {
    const { records, facts, assume, judgements } = this.#parts;
    const isSupposed =
      assume !== undefined && records.verdicts.get(assume.retracted, facts) !== undefined;
    return isSupposed ? undefined : judgements;
  }
}

const giveNoTurn = (): Promise<void> => Promise.resolve();

/** The rules as of the moment of `facts`; made for one question. */
export const createClaimRules = (parts: ClaimRulesParts): ClaimRules => new RulesOfMoment(parts);
