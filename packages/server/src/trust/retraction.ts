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
import { type Ancestry, deeperThanMax, fallen } from './ancestry.js';
import type { DirectlyOut, LastWords } from './direct.js';
import type { Lineage } from './lineage.js';
import type { RuleFacts } from './rules.js';
import { premiseDepthMax, type Taint, type TaintReason } from './taint.js';
import { type Turns, workPerRecord } from './turns.js';

const noPremises: readonly RecordId[] = [];

/** The taint over one snapshot; made for one question, whose `turn` is awaited now and then. */
export class Retractions implements Taint {
  readonly #words: LastWords;
  readonly #facts: RuleFacts;
  readonly #lineage: Lineage;
  readonly #turns: Turns;
  readonly #premisesOf = new Map<RecordId, readonly RecordId[]>();

  constructor(parts: {
    readonly words: LastWords;
    readonly lineage: Lineage;
    readonly facts: RuleFacts;
    readonly turns: Turns;
  }) {
    this.#words = parts.words;
    this.#lineage = parts.lineage;
    this.#facts = parts.facts;
    this.#turns = parts.turns;
  }

  async tainted(
    ids: readonly RecordId[],
    asOf: HlcStamp,
    mayRest?: (id: RecordId) => boolean,
  ): Promise<ReadonlyMap<RecordId, TaintReason>> {
    if (asOf !== this.#facts.asOf) throw new Error('The rules were made for another moment.');
    const reasons = new Map<RecordId, TaintReason>();
    if (mayRest !== undefined) {
      // What rests on nothing need not be read to say so.
      for (const id of ids) if (!mayRest(id)) this.#premisesOf.set(id, noPremises);
    }
    const above = await this.#ancestry(ids);
    const isRetracted = (id: RecordId): boolean => this.#words.of(id)?.why === 'retract';
    const cascading = await fallen(above, isRetracted, this.#turns);
    const deep = await deeperThanMax(above, this.#turns);
    for (const id of ids) {
      if (this.#turns.isDue(1 + this.#premises(id).length)) await this.#turns.give();
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
    const before = this.#carriesOn(id);
    return before === undefined ? undefined : this.#reason(before, cascading, deep);
  }

  /** What was said about the record, or about the claims that it carries on in another state. */
  #directly(id: RecordId): DirectlyOut | undefined {
    const direct = this.#words.of(id);
    if (direct !== undefined) return direct;
    const before = this.#carriesOn(id);
    const inherited = before === undefined ? undefined : this.#directly(before);
    return inherited?.why === 'replace' ? inherited : undefined;
  }

  /** The claim that this one carries on in another state, which is a premise of it. */
  #carriesOn(id: RecordId): RecordId | undefined {
    if (this.#premises(id).length === 0) return undefined;
    return this.#lineage.transitionParent(id);
  }

  /** What the ids rest on, level by level: each record that was reached, with its premises. */
  async #ancestry(ids: readonly RecordId[]): Promise<Ancestry> {
    const above = new Map<RecordId, readonly RecordId[]>();
    let level: ReadonlySet<RecordId> = new Set(ids);
    for (let depth = 0; depth <= premiseDepthMax && level.size > 0; depth += 1) {
      const next = new Set<RecordId>();
      for (const id of level) {
        const premises = this.#premises(id);
        above.set(id, premises);
        for (const premise of premises) if (!above.has(premise)) next.add(premise);
        if (this.#turns.isDue(workPerRecord + premises.length)) await this.#turns.give();
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
