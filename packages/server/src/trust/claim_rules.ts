/** The rules about claims for one question, put together from the parts that know one each. */
import type { AgentId, RecordId } from '@stemedb/model';
import { toNano } from '../lens/arithmetic.js';
import type { Nano } from '../lens/lens.js';
import { LastWords } from './direct.js';
import { Retractions } from './retraction.js';
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

export interface ClaimRulesParts {
  readonly records: RuleRecords;
  readonly facts: RuleFacts;
  /** Awaited now and then: the question's deadline, and others' turn. */
  readonly turn?: () => Promise<void>;
  readonly assume?: Assumption;
}

class RulesOfMoment implements ClaimRules {
  readonly #parts: ClaimRulesParts;
  readonly taint: Taint | undefined;

  constructor(parts: ClaimRulesParts) {
    this.#parts = parts;
    const { records, facts, assume } = parts;
    const words = new LastWords(records, facts, assume);
    this.taint = words.any ? new Retractions({ ...parts, words }) : undefined;
  }

  get trustMoves(): boolean {
    return false;
  }

  async standings(_claims: readonly RevisableClaim[]): Promise<ReadonlyMap<RecordId, Standing>> {
    return new Map();
  }

  epochSupersededBy(_epoch: RecordId): RecordId | undefined {
    return undefined;
  }

  joined(conceptPath: string, _aliases: 'effective' | 'all' | 'none'): JoinedPaths {
    return { paths: [conceptPath], truncated: false };
  }

  trustOf(_agent: AgentId): Nano {
    const { records, facts } = this.#parts;
    return toNano(records.policies.inForce(facts.asOf, facts.appliedSequence).table.trust.initial);
  }

  trustSteps(_agent: AgentId): readonly TrustStep[] {
    return [];
  }

  withoutEffect(_id: RecordId): string | undefined {
    return undefined;
  }
}

export const createClaimRules = (parts: ClaimRulesParts): ClaimRules => new RulesOfMoment(parts);
