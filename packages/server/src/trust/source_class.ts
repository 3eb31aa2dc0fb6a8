/**
 * The tier that counts for a claim: the best of the stated class, the class of the cited source
 * and the class that the path's scheme suggests, each taken only as far as its author's grant
 * (spec 3, "a class is a request").
 */
import type { AgentId, PolicyClass } from '@stemedb/model';
import type { EffectivePolicy } from './policy_history.js';

/** Name of the class that an agent without a grant may claim. */
const ungrantedClass = 'community';

export interface CountedClass {
  readonly tier: number;
  readonly name: string;
  /** In [0, 1]. */
  readonly weight: number;
  readonly halfLifeDays: number | undefined;
  /** The class that was asked for and not granted. */
  readonly notGranted: string | undefined;
}

export interface ClassRequest {
  readonly name: string | undefined;
  /** Whose grants all limit the request: the claim's author, and that of a source it cites. */
  readonly agents: readonly AgentId[];
}

/** Orders classes, best first: by tier, then by weight, then by name, so that no order of a table
 * or of requests decides. */
const byRank = (one: PolicyClass, other: PolicyClass): number => {
  if (one.tier !== other.tier) return one.tier - other.tier;
  if (one.weight !== other.weight) return other.weight - one.weight;
  return one.name < other.name ? -1 : 1;
};

const asCounted = (
  { tier, name, weight, half_life_days }: PolicyClass,
  notGranted: string | undefined,
): CountedClass => ({ tier, name, weight, halfLifeDays: half_life_days, notGranted });

/** Resolves class requests under one policy. */
export class ClassTable {
  readonly #byName: ReadonlyMap<string, PolicyClass>;
  readonly #grants: ReadonlyMap<AgentId, string>;
  readonly #lowest: PolicyClass;
  readonly #selfDeclared: boolean;
  /** What a claim counts as that asks for nothing. */
  readonly unasked: CountedClass;
  readonly #schemes: EffectivePolicy['table']['schemes'];
  /** Name of the class of each tier, by tier; the first of the table where a tier has several. */
  readonly tierNames: readonly string[];

  constructor(policy: EffectivePolicy) {
    const { classes, grants, schemes, class_mode: mode } = policy.table;
    const lowest = [...classes].sort(byRank).at(-1);
    if (lowest === undefined) throw new Error('A policy has at least one class.');
    this.#lowest = lowest;
    this.unasked = asCounted(lowest, undefined);
    this.#byName = new Map(classes.map((entry) => [entry.name, entry]));
    this.#grants = new Map(grants.map((grant) => [grant.agent_id, grant.class]));
    this.#selfDeclared = mode === 'self-declared';
    this.#schemes = schemes;
    const names: string[] = [];
    for (const entry of classes) names[entry.tier] ??= entry.name;
    this.tierNames = Array.from(names, (name, tier) => name ?? `tier ${tier}`);
  }

  get selfDeclared(): boolean {
    return this.#selfDeclared;
  }

  /** The class that a path's scheme suggests (`fda://...`), if any. */
  suggestedBy(conceptPath: string): string | undefined {
    const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(conceptPath)?.[1];
    if (scheme === undefined || !Object.hasOwn(this.#schemes, scheme)) return undefined;
    return this.#schemes[scheme];
  }

  /** The best class among the requests, each limited by the grants of its agents. */
  count(requests: readonly ClassRequest[]): CountedClass {
    let first: PolicyClass | undefined;
    let notGranted: string | undefined;
    for (const { name, agents } of requests) {
      if (name === undefined) continue;
      const asked = this.#byName.get(name) ?? this.#lowest;
      const counted = this.#limited(asked, agents);
      if (counted !== asked) notGranted ??= name;
      if (first === undefined || byRank(counted, first) < 0) first = counted;
    }
    return first === undefined ? this.unasked : asCounted(first, notGranted);
  }

  #limited(asked: PolicyClass, agents: readonly AgentId[]): PolicyClass {
    if (this.#selfDeclared) return asked;
    let counted = asked;
    for (const agent of agents) {
      const limit = this.#limit(agent);
      if (counted.tier < limit.tier) counted = limit;
    }
    return counted;
  }

  #limit(agent: AgentId): PolicyClass {
    const granted = this.#byName.get(this.#grants.get(agent) ?? ungrantedClass);
    return granted ?? this.#lowest;
  }
}

const tables = new WeakMap<EffectivePolicy, ClassTable>();

/** The table of a policy, made once for all questions that it is in force for. */
export const classTableOf = (policy: EffectivePolicy): ClassTable => {
  const known = tables.get(policy);
  if (known !== undefined) return known;
  const table = new ClassTable(policy);
  tables.set(policy, table);
  return table;
};
