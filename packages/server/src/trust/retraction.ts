/**
 * Retraction on one node: every supersession in memory, premises read as they are needed
 * (spec 7, "Retraction acts on reading").
 *
 * - The state of a record at T is what the last effective supersession on it says, by (effective
 *   time, id) among those stamped <= T: `retract` and `replace` = out, `restore` = in; a `replace`
 *   also restores its replacement. A supersession is effective on a record when its author may
 *   supersede *that* record under the policy in force at the supersession's own stamp, so nobody
 *   brings another's record back by naming it as a replacement.
 * - Out by cascade: `source` or one of `derived_from` is out by `retract` or by cascade, over at
 *   most `premiseDepthMax` edges. `restore` undoes what was said about the record, not a cascade.
 * - A supersession acts on what it names: retracting a supersession, a policy or an attestation
 *   takes that record out and leaves alone what it did.
 * - An answer depends on the set of records, T and the snapshot alone: a supersession that came
 *   after the snapshot was taken is not seen, however early its stamp is.
 */
import type { HlcStamp, RecordId, SupersessionContent } from '@stemedb/model';
import { type RecordAuthor, supersessionRefusal } from './governance.js';
import { comesAfter } from './last.js';
import type { PolicyHistory } from './policy_history.js';
import { premiseDepthMax, type Taint, type TaintReason } from './taint.js';

/** Records looked at between two turns given to others. */
const recordsPerTurn = 256;

export interface RecordedSupersession {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  /** Place in the log of this node, against which snapshots are held. */
  readonly sequence: number;
  readonly content: SupersessionContent;
}

/** Every supersession of the log; few enough to be in memory. */
export class SupersessionHistory {
  readonly #touching = new Map<RecordId, RecordedSupersession[]>();
  readonly #all: RecordedSupersession[] = [];

  /** Takes a record in, before it becomes visible; the same id may come again with a smaller
   * stamp, which counts from that sequence on. */
  add(recorded: RecordedSupersession): void {
    this.#all.push(recorded);
    const { target, replacement } = recorded.content;
    for (const touched of new Set(replacement === undefined ? [target] : [target, replacement])) {
      const list = this.#touching.get(touched);
      if (list === undefined) this.#touching.set(touched, [recorded]);
      else list.push(recorded);
    }
  }

  /** True when a supersession stamped at or before the moment is in that part of the log. */
  anyAt(asOf: HlcStamp, appliedSequence: number): boolean {
    return this.#all.some((one) => one.stamp <= asOf && one.sequence <= appliedSequence);
  }

  /** What names this record as target or replacement, each under its smallest stamp. */
  on(id: RecordId, asOf: HlcStamp, appliedSequence: number): Iterable<RecordedSupersession> {
    const earliest = new Map<RecordId, RecordedSupersession>();
    for (const one of this.#touching.get(id) ?? []) {
      if (one.stamp > asOf || one.sequence > appliedSequence) continue;
      const known = earliest.get(one.id);
      if (known === undefined || one.stamp < known.stamp) earliest.set(one.id, one);
    }
    return earliest.values();
  }
}

/** What retraction has to know about records, read from one snapshot. */
export interface RecordFacts {
  /** Last sequence of the snapshot. */
  readonly appliedSequence: number;
  /** Undefined for a record that is not known at the moment. */
  author(id: RecordId, asOf: HlcStamp): RecordAuthor | undefined;
  /** `source` and `derived_from` of a claim; empty for other kinds and unknown records. */
  premises(id: RecordId, asOf: HlcStamp): readonly RecordId[];
}

interface Direct {
  readonly why: 'retract' | 'replace';
  readonly by: RecordId;
}

/** What was found out for one moment, shared by the calls about it. */
class Memo {
  readonly direct = new Map<RecordId, Direct | undefined>();
  readonly premises = new Map<RecordId, readonly RecordId[]>();

  constructor(readonly asOf: HlcStamp) {}
}

const memoized = <T>(known: Map<RecordId, T>, id: RecordId, find: () => T): T => {
  const held = known.get(id);
  if (held !== undefined || known.has(id)) return held as T;
  const found = find();
  known.set(id, found);
  return found;
};

/** The taint over one snapshot; made for one question, whose `turn` is awaited now and then. */
export class Retractions implements Taint {
  readonly #history: SupersessionHistory;
  readonly #policies: PolicyHistory;
  readonly #facts: RecordFacts;
  readonly #turn: () => Promise<void>;
  #memo: Memo | undefined;

  constructor(parts: {
    readonly history: SupersessionHistory;
    readonly policies: PolicyHistory;
    readonly facts: RecordFacts;
    readonly turn?: () => Promise<void>;
  }) {
    this.#history = parts.history;
    this.#policies = parts.policies;
    this.#facts = parts.facts;
    this.#turn = parts.turn ?? (() => Promise.resolve());
  }

  async tainted(
    ids: readonly RecordId[],
    asOf: HlcStamp,
  ): Promise<ReadonlyMap<RecordId, TaintReason>> {
    const reasons = new Map<RecordId, TaintReason>();
    const memo = this.#memo?.asOf === asOf ? this.#memo : new Memo(asOf);
    if (memo !== this.#memo) {
      if (!this.#history.anyAt(asOf, this.#facts.appliedSequence)) return reasons;
      this.#memo = memo;
    }
    const above = await this.#ancestry(ids, memo);
    const cascading = fallen(above, (id) => this.#direct(id, memo)?.why === 'retract');
    const deep = deeperThanMax(above);
    for (const id of ids) {
      const reason = this.#reason(id, memo, cascading, deep);
      if (reason !== undefined) reasons.set(id, reason);
    }
    return reasons;
  }

  #reason(
    id: RecordId,
    memo: Memo,
    cascading: ReadonlyMap<RecordId, RecordId | undefined>,
    deep: ReadonlySet<RecordId>,
  ): TaintReason | undefined {
    const direct = this.#direct(id, memo);
    if (direct !== undefined) return { out: true, ...direct };
    const premise = cascading.get(id);
    if (premise !== undefined) return { out: true, why: 'cascade', premise };
    const replaced = this.#premises(id, memo).find((one) => this.#direct(one, memo) !== undefined);
    if (replaced !== undefined) return { out: false, why: 'replaced_premise', premise: replaced };
    return deep.has(id) ? { out: false, why: 'too_deep' } : undefined;
  }

  /** What the ids rest on, level by level: each record that was reached, with its premises. */
  async #ancestry(ids: readonly RecordId[], memo: Memo): Promise<Ancestry> {
    const above = new Map<RecordId, readonly RecordId[]>();
    let level: ReadonlySet<RecordId> = new Set(ids);
    let seen = 0;
    for (let depth = 0; depth <= premiseDepthMax && level.size > 0; depth += 1) {
      const next = new Set<RecordId>();
      for (const id of level) {
        const premises = this.#premises(id, memo);
        above.set(id, premises);
        for (const premise of premises) if (!above.has(premise)) next.add(premise);
        seen += 1;
        if (seen % recordsPerTurn === 0) await this.#turn();
      }
      level = next;
    }
    return above;
  }

  #premises(id: RecordId, memo: Memo): readonly RecordId[] {
    return memoized(memo.premises, id, () => this.#facts.premises(id, memo.asOf));
  }

  #direct(id: RecordId, memo: Memo): Direct | undefined {
    return memoized(memo.direct, id, () => this.#lastWord(id, memo.asOf));
  }

  /** The last effective supersession on a record, when it takes it out. */
  #lastWord(id: RecordId, asOf: HlcStamp): Direct | undefined {
    let last: RecordedSupersession | undefined;
    let owner: RecordAuthor | undefined;
    for (const one of this.#history.on(id, asOf, this.#facts.appliedSequence)) {
      if (last !== undefined && !comesAfter(one, last)) continue;
      owner ??= this.#facts.author(id, asOf);
      if (owner === undefined) return undefined;
      const policy = this.#policies.inForce(one.stamp);
      if (supersessionRefusal(policy, one.content.agent_id, owner) === undefined) last = one;
    }
    if (last === undefined || last.content.target !== id) return undefined;
    const { action } = last.content;
    return action === 'restore' ? undefined : { why: action, by: last.id };
  }
}

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
