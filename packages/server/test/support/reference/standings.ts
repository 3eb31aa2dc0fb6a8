/** The reference of revisions and retraction: which claims take part, and whose voice they are. */
import type { Lifecycle, RecordId } from '@stemedb/model';
import {
  type ContentOf,
  type Known,
  lastOf,
  type Owner,
  type ReferenceRecords,
} from './records.js';

type Claim = Known<ContentOf<'assertion'>>;

export type Out = 'retract' | 'replace' | 'cascade';

/** How a claim stands to the one that it names as its parent. */
interface Relation {
  readonly kind: 'none' | 'transition' | 'revision';
  readonly lifecycle: Lifecycle;
}

const allowed: readonly string[] = [
  'proposed under_review',
  'under_review approved',
  'under_review rejected',
  'approved deprecated',
];

const saysTheSame = (one: Claim, other: Claim): boolean =>
  JSON.stringify([one.content.value, one.content.unit]) ===
  JSON.stringify([other.content.value, other.content.unit]);

/** Edges of premises that are followed. */
const depthMax = 64;

export class ReferenceStandings {
  readonly #records: ReferenceRecords;
  readonly #relations = new Map<RecordId, Relation>();

  constructor(records: ReferenceRecords) {
    this.#records = records;
  }

  relation(claim: Claim): Relation {
    const known = this.#relations.get(claim.id);
    if (known !== undefined) return known;
    const found = this.#relationOf(claim);
    this.#relations.set(claim.id, found);
    return found;
  }

  #relationOf(claim: Claim): Relation {
    const records = this.#records;
    const { content, stamp, byNode } = claim;
    const stated = content.lifecycle ?? 'proposed';
    const begins = stated === 'proposed' || stated === 'under_review';
    const mayBegin = begins || byNode || records.isSteward(content.agent_id, stamp);
    const asNew = mayBegin ? stated : 'proposed';
    const parent = records.claim(content.parent);
    if (
      parent === undefined ||
      parent.content.concept_path !== content.concept_path ||
      parent.content.predicate !== content.predicate ||
      !records.maySupersede(content.agent_id, stamp, this.#ownerOf(parent))
    ) {
      return { kind: 'none', lifecycle: asNew };
    }
    if (!saysTheSame(claim, parent)) return { kind: 'revision', lifecycle: asNew };
    const from = this.relation(parent).lifecycle;
    if (from === stated) return { kind: 'revision', lifecycle: asNew };
    if (allowed.includes(`${from} ${stated}`)) return { kind: 'transition', lifecycle: stated };
    return { kind: 'none', lifecycle: asNew };
  }

  /** The claim and those before it in its chain of transitions, the voice last. */
  chain(claim: Claim): readonly Claim[] {
    const parent = this.#records.claim(claim.content.parent);
    if (parent === undefined || this.relation(claim).kind !== 'transition') return [claim];
    return [claim, ...this.chain(parent)];
  }

  voice(claim: Claim): Claim {
    return this.chain(claim).at(-1) ?? claim;
  }

  #ownerOf(claim: Claim): Owner {
    const { content, byNode } = this.voice(claim);
    return { agent: content.agent_id, byNode };
  }

  /** Why a claim is out, whatever takes its place: by what was said of it, or of those before it
   * in its chain, and by what they rest on. */
  outBy(claim: Claim): readonly Out[] {
    return this.chain(claim).flatMap((one): readonly Out[] => {
      const word = this.#records.wordOn(one.id);
      const outs: readonly Out[] = word === undefined ? [] : [word];
      return this.#restsOnRetracted(one) ? [...outs, 'cascade'] : outs;
    });
  }

  #restsOnRetracted(claim: Claim): boolean {
    let level: ReadonlySet<RecordId> = new Set([claim.id]);
    for (let depth = 0; depth < depthMax && level.size > 0; depth += 1) {
      level = new Set([...level].flatMap((id) => this.premises(id)));
      for (const id of level) if (this.#records.wordOn(id) === 'retract') return true;
    }
    return false;
  }

  premises(id: RecordId): readonly RecordId[] {
    const claim = this.#records.claim(id);
    if (claim === undefined) return [];
    const { source, derived_from: derived = [], parent } = claim.content;
    const stepped = this.relation(claim).kind === 'transition';
    return [source, ...derived, ...(stepped ? [parent] : [])].filter((one) => one !== undefined);
  }

  /** The claim whose place this one may take. */
  #before(claim: Claim): Claim | undefined {
    if (this.relation(claim).kind === 'none') return undefined;
    return this.#records.claim(claim.content.parent);
  }

  /** A claim that is in, or whose place somebody below it took and is in. */
  #isLive(claim: Claim): boolean {
    return this.outBy(claim).length === 0 || this.#liveChildren(claim).length > 0;
  }

  #liveChildren(claim: Claim): readonly Claim[] {
    return this.#records
      .ofKind('assertion')
      .filter(
        (child) =>
          child.content.parent === claim.id &&
          this.relation(child).kind !== 'none' &&
          this.#isLive(child),
      );
  }

  /** True when another stands where this claim stood: the last of the last children, from the
   * first claim of all down. */
  isSucceeded(claim: Claim): boolean {
    const above = [claim];
    for (const one of above) {
      const before = this.#before(one);
      if (before !== undefined) above.push(before);
    }
    let head = above.at(-1);
    for (let next = head; next !== undefined; next = lastOf(this.#liveChildren(next))) head = next;
    if (head === undefined || this.outBy(head).length > 0) return false;
    return !above.includes(head);
  }
}
