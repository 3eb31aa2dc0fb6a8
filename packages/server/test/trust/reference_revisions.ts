/**
 * The rules of revision once more, as plainly as they can be said and without regard to cost: by
 * recursion over all records, for histories of a few claims. It shares with the code under test
 * only who may supersede whom, which has tests of its own.
 */
import type { AssertionContent, Lifecycle, RecordId } from '@stemedb/model';
import { type RecordAuthor, supersessionRefusal } from '../../src/trust/governance.js';
import { comesAfter } from '../../src/trust/last.js';
import type { RuleRecords } from '../../src/trust/rule_records.js';
import type { RuleFacts } from '../../src/trust/rules.js';

interface Claim {
  readonly id: RecordId;
  readonly content: AssertionContent;
  readonly stamp: Parameters<typeof comesAfter>[0]['stamp'];
  readonly author: RecordAuthor;
}

export interface ReferenceStanding {
  readonly lifecycle: Lifecycle;
  /** The first claim of its chain of transitions; itself when it is no transition. */
  readonly voice: RecordId;
  readonly isOut: boolean;
  /** True when another claim of its chain stands for it. */
  readonly isSucceeded: boolean;
}

const nextStates: Readonly<Record<Lifecycle, string>> = {
  proposed: 'under_review',
  under_review: 'approved rejected',
  approved: 'deprecated',
  deprecated: '',
  rejected: '',
};

export class ReferenceRevisions {
  readonly #records: RuleRecords;
  readonly #facts: RuleFacts;
  readonly #ids: readonly RecordId[];

  /** `ids`: of all claims of one pair. */
  constructor(records: RuleRecords, facts: RuleFacts, ids: readonly RecordId[]) {
    this.#records = records;
    this.#facts = facts;
    this.#ids = ids;
  }

  standing(id: RecordId): ReferenceStanding {
    const isOut = this.#isOut(id);
    return {
      lifecycle: this.#lifecycle(id),
      voice: this.#voice(id),
      isOut,
      isSucceeded: !isOut && this.#head(this.#root(id)) !== id,
    };
  }

  #claim(id: RecordId): Claim | undefined {
    const found = this.#facts.claim(id);
    const author = this.#facts.author(id);
    return found === undefined || author === undefined ? undefined : { id, ...found, author };
  }

  #known(id: RecordId): Claim {
    const claim = this.#claim(id);
    if (claim === undefined) throw new Error(`No claim ${id}.`);
    return claim;
  }

  #mayBegin(id: RecordId): boolean {
    const { content, author, stamp } = this.#known(id);
    const { stewards } = this.#records.policies.inForce(stamp).table;
    const state = content.lifecycle ?? 'proposed';
    const isEarly = state === 'proposed' || state === 'under_review';
    return isEarly || author.byNode || stewards.includes(author.agentId);
  }

  #relation(id: RecordId): 'transition' | 'revision' | 'none' {
    const { content, author, stamp } = this.#known(id);
    const parent = content.parent === undefined ? undefined : this.#claim(content.parent);
    if (parent === undefined || parent.content.predicate !== content.predicate) return 'none';
    if (parent.content.concept_path !== content.concept_path) return 'none';
    const policy = this.#records.policies.inForce(stamp);
    const owner = this.#known(this.#voice(parent.id)).author;
    if (supersessionRefusal(policy, author.agentId, owner) !== undefined) return 'none';
    if (JSON.stringify(parent.content.value) !== JSON.stringify(content.value)) return 'revision';
    const state = content.lifecycle ?? 'proposed';
    const before = this.#lifecycle(parent.id);
    if (state === before) return 'revision';
    return nextStates[before].split(' ').includes(state) ? 'transition' : 'none';
  }

  #voice(id: RecordId): RecordId {
    const { parent } = this.#known(id).content;
    return parent !== undefined && this.#relation(id) === 'transition' ? this.#voice(parent) : id;
  }

  #lifecycle(id: RecordId): Lifecycle {
    const state = this.#known(id).content.lifecycle ?? 'proposed';
    if (this.#mayBegin(id)) return state;
    return this.#relation(id) === 'transition' ? state : 'proposed';
  }

  /** What was said last of the record itself. */
  #word(id: RecordId): string | undefined {
    const owner = this.#facts.author(id);
    if (owner === undefined) return undefined;
    const said = [...this.#records.supersessions.all(this.#facts)]
      .filter(({ content }) => content.target === id || content.replacement === id)
      .filter(({ content, stamp }) => {
        const policy = this.#records.policies.inForce(stamp);
        return supersessionRefusal(policy, content.agent_id, owner) === undefined;
      })
      .sort((one, other) => (comesAfter(one, other) ? 1 : -1))
      .at(-1);
    return said?.content.target === id ? said.content.action : undefined;
  }

  #falls(id: RecordId): boolean {
    const { content } = this.#known(id);
    const premises = [...(content.derived_from ?? [])];
    if (content.parent !== undefined && this.#relation(id) === 'transition') {
      premises.push(content.parent);
    }
    return (
      this.#word(id) === 'retract' ||
      premises.some((premise) => this.#claim(premise) !== undefined && this.#falls(premise))
    );
  }

  #isOut(id: RecordId): boolean {
    const word = this.#word(id);
    if (word === 'replace' || this.#falls(id)) return true;
    const { parent } = this.#known(id).content;
    if (parent === undefined || this.#relation(id) !== 'transition') return false;
    return this.#isReplaced(parent);
  }

  #isReplaced(id: RecordId): boolean {
    if (this.#word(id) === 'replace') return true;
    const { parent } = this.#known(id).content;
    return parent !== undefined && this.#relation(id) === 'transition' && this.#isReplaced(parent);
  }

  #children(id: RecordId): readonly RecordId[] {
    return this.#ids.filter(
      (child) => this.#known(child).content.parent === id && this.#relation(child) !== 'none',
    );
  }

  #root(id: RecordId): RecordId {
    const { parent } = this.#known(id).content;
    return parent !== undefined && this.#relation(id) !== 'none' ? this.#root(parent) : id;
  }

  #isLive(id: RecordId): boolean {
    return !this.#isOut(id) || this.#children(id).some((child) => this.#isLive(child));
  }

  #head(id: RecordId): RecordId | undefined {
    const live = this.#children(id).filter((child) => this.#isLive(child));
    const last = live
      .map((child) => this.#known(child))
      .sort((one, other) => (comesAfter(one, other) ? 1 : -1))
      .at(-1);
    if (last !== undefined) return this.#head(last.id);
    return this.#isOut(id) ? undefined : id;
  }
}
