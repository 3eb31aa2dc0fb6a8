/**
 * Retraction on one node: premises read as they are needed (spec 7, "Retraction acts on reading").
 *
 * - What was said about a record itself is in `direct.ts`.
 * - Out by cascade: `source` or one of `derived_from` is out by `retract` or by cascade, over at
 *   most `premiseDepthMax` edges. `restore` undoes what was said about the record, not a cascade.
 * - A transition has the voice of the claim that it carries on: that claim is a premise of it, and
 *   when it is out by `replace`, so is the transition.
 * - An answer depends on the set of records, the moment and the snapshot alone: a supersession that
 *   came after the snapshot was taken is not seen, however early its stamp is.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import type { DirectlyOut, LastWords } from './direct.js';
import type { Lineage } from './lineage.js';
import type { RuleFacts } from './rules.js';
import { premiseDepthMax, type Taint, type TaintReason } from './taint.js';

/** Records looked at between two turns given to others. */
const recordsPerTurn = 256;

/** The taint over one snapshot; made for one question, whose `turn` is awaited now and then. */
export class Retractions implements Taint {
  readonly #words: LastWords;
  readonly #facts: RuleFacts;
  readonly #lineage: Lineage;
  readonly #turn: () => Promise<void>;
  readonly #premisesOf = new Map<RecordId, readonly RecordId[]>();

  constructor(parts: {
    readonly words: LastWords;
    readonly lineage: Lineage;
    readonly facts: RuleFacts;
    readonly turn: () => Promise<void>;
  }) {
    this.#words = parts.words;
    this.#lineage = parts.lineage;
    this.#facts = parts.facts;
    this.#turn = parts.turn;
  }

  async tainted(
    ids: readonly RecordId[],
    asOf: HlcStamp,
  ): Promise<ReadonlyMap<RecordId, TaintReason>> {
    if (asOf !== this.#facts.asOf) throw new Error('The rules were made for another moment.');
    const reasons = new Map<RecordId, TaintReason>();
    const above = await this.#ancestry(ids);
    const cascading = fallen(above, (id) => this.#words.of(id)?.why === 'retract');
    const deep = deeperThanMax(above);
    for (const id of ids) {
      const reason = this.#reason(id, cascading, deep);
      if (reason !== undefined) reasons.set(id, reason);
    }
    return reasons;
  }

  #reason(
    id: RecordId,
    cascading: ReadonlyMap<RecordId, RecordId | undefined>,
    deep: ReadonlySet<RecordId>,
  ): TaintReason | undefined {
    const premise = cascading.get(id);
    const direct = this.#directly(id);
    if (direct !== undefined) {
      const { why, by } = direct;
      if (why === 'retract' || premise === undefined) return { out: true, why, by };
      return { out: true, why, by, premise };
    }
    if (premise !== undefined) return { out: true, why: 'cascade', premise };
    const replaced = this.#premises(id).find((one) => this.#directly(one) !== undefined);
    if (replaced !== undefined) return { out: false, why: 'replaced_premise', premise: replaced };
    if (deep.has(id)) return { out: false, why: 'too_deep' };
    // The voice is that of the claim it carries on, and so is what there is to know of it.
    const before = this.#lineage.transitionParent(id);
    return before === undefined ? undefined : this.#reason(before, cascading, deep);
  }

  /** What was said about the record, or about the claims that it carries on in another state. */
  #directly(id: RecordId): DirectlyOut | undefined {
    const direct = this.#words.of(id);
    if (direct !== undefined) return direct;
    const before = this.#lineage.transitionParent(id);
    const inherited = before === undefined ? undefined : this.#directly(before);
    return inherited?.why === 'replace' ? inherited : undefined;
  }

  /** What the ids rest on, level by level: each record that was reached, with its premises. */
  async #ancestry(ids: readonly RecordId[]): Promise<Ancestry> {
    const above = new Map<RecordId, readonly RecordId[]>();
    let level: ReadonlySet<RecordId> = new Set(ids);
    let seen = 0;
    for (let depth = 0; depth <= premiseDepthMax && level.size > 0; depth += 1) {
      const next = new Set<RecordId>();
      for (const id of level) {
        const premises = this.#premises(id);
        above.set(id, premises);
        for (const premise of premises) if (!above.has(premise)) next.add(premise);
        seen += 1;
        if (seen % recordsPerTurn === 0) await this.#turn();
      }
      level = next;
    }
    return above;
  }

  #premises(id: RecordId): readonly RecordId[] {
    const known = this.#premisesOf.get(id);
    if (known !== undefined) return known;
    const premises = this.#readPremises(id);
    this.#premisesOf.set(id, premises);
    return premises;
  }

  #readPremises(id: RecordId): readonly RecordId[] {
    const content = this.#facts.claim(id)?.content;
    if (content === undefined) return [];
    const before = this.#lineage.transitionParent(id);
    return [content.source, ...(content.derived_from ?? []), before].filter(isGiven);
  }
}

const isGiven = (id: RecordId | undefined): id is RecordId => id !== undefined;

type Ancestry = ReadonlyMap<RecordId, readonly RecordId[]>;

/**
 * Records that are out by `retract` or by cascade, with the premise that they fell by (undefined
 * for the retracted themselves). One round is one edge, so `premiseDepthMax` rounds are the limit,
 * and a cycle, which ids that are hashes cannot form, would end as well.
 */
const fallen = (
  above: Ancestry,
  isRetracted: (id: RecordId) => boolean,
): ReadonlyMap<RecordId, RecordId | undefined> => {
  const out = new Map<RecordId, RecordId | undefined>();
  for (const [id, premises] of above) {
    for (const one of [id, ...premises]) if (isRetracted(one)) out.set(one, undefined);
  }
  if (out.size === 0) return out;
  for (let round = 1; round <= premiseDepthMax; round += 1) {
    const falling = new Map<RecordId, RecordId>();
    for (const [id, premises] of above) {
      if (out.has(id)) continue;
      const premise = premises.find((one) => out.has(one));
      if (premise !== undefined) falling.set(id, premise);
    }
    if (falling.size === 0) return out;
    for (const [id, premise] of falling) out.set(id, premise);
  }
  return out;
};

/** Records with a chain of premises of more than `premiseDepthMax` edges, by peeling off ends. */
const deeperThanMax = (above: Ancestry): ReadonlySet<RecordId> => {
  let left: ReadonlySet<RecordId> = new Set(above.keys());
  // A record with any premise has a chain of one edge, whether or not the premise was reached.
  let longer = (id: RecordId): boolean => (above.get(id) ?? []).length > 0;
  for (let edges = 1; edges <= premiseDepthMax + 1 && left.size > 0; edges += 1) {
    const remaining = new Set([...left].filter(longer));
    left = remaining;
    longer = (id) => (above.get(id) ?? []).some((premise) => remaining.has(premise));
  }
  return left;
};
