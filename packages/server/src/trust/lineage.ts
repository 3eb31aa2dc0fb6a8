/**
 * How claims stand to their parents, read upwards from any one of them (spec 1.1, "Revisions").
 *
 * A judgement rests on contents, authors and policies at stamps alone: neither on what was
 * retracted nor on what else was said of the pair. So it is found from the claim and those above
 * it, of which only those are read on which its state or its owner rests: a claim that says of
 * itself all there is to know is the ground of the walk. A walk ends after `revisionDepthMax`
 * claims; a claim with more above it is judged as a new one, whatever is asked first.
 */
import type { Lifecycle, RecordId } from '@stemedb/model';
import { newStateRefusal, type RecordAuthor } from './governance.js';
import type { EffectivePolicy, PolicyHistory } from './policy_history.js';
import type { RuleFacts } from './rules.js';
import {
  allowedTransitions,
  type ChildJudgement,
  initialState,
  type JudgedChild,
  judgeChild,
  judgeNew,
  revisionDepthMax,
  samePair,
  sameValue,
  statedLifecycle,
} from './transitions.js';

/** What the children of a claim have to know of it. */
interface Position {
  readonly lifecycle: Lifecycle;
  readonly owner: RecordAuthor;
  readonly depth: number;
}

/** A claim with what judges it. */
interface Read extends JudgedChild {
  readonly policy: EffectivePolicy;
}

/** For one question. */
export class Lineage {
  readonly #policies: PolicyHistory;
  readonly #facts: RuleFacts;
  readonly #positions = new Map<RecordId, Position>();
  readonly #judgements = new Map<RecordId, ChildJudgement>();

  constructor(policies: PolicyHistory, facts: RuleFacts) {
    this.#policies = policies;
    this.#facts = facts;
  }

  /** How a claim stands to its parent, or as a new claim; undefined when it is not known. */
  judgementOf(id: RecordId): ChildJudgement | undefined {
    const known = this.#judgements.get(id);
    if (known !== undefined) return known;
    const read = this.#read(id);
    if (read === undefined) return undefined;
    const judgement = this.#judge(read);
    this.#judgements.set(id, judgement);
    return judgement;
  }

  /** The same of a claim that is being written, as if it were stamped at the moment. */
  judge(child: JudgedChild): ChildJudgement {
    const { asOf, appliedSequence } = this.#facts;
    return this.#judge({ ...child, policy: this.#policies.inForce(asOf, appliedSequence) });
  }

  /** The claim whose place this one takes while it is in; undefined when it takes none. */
  predecessorOf(id: RecordId): RecordId | undefined {
    const parent = this.#facts.claim(id)?.content.parent;
    if (parent === undefined || this.#facts.claim(parent) === undefined) return undefined;
    return this.judgementOf(id)?.relation === 'independent' ? undefined : parent;
  }

  /** The claim that this one carries on in another state. */
  transitionParent(id: RecordId): RecordId | undefined {
    const parent = this.#facts.claim(id)?.content.parent;
    if (parent === undefined) return undefined;
    return this.judgementOf(id)?.relation === 'transition' ? parent : undefined;
  }

  /** The claims before a claim in its chain of transitions, its parent first; at most three,
   * since no transition leads back. */
  transitionsOf(id: RecordId): readonly RecordId[] {
    const above: RecordId[] = [];
    let parent = this.transitionParent(id);
    while (parent !== undefined) {
      above.push(parent);
      parent = this.transitionParent(parent);
    }
    return above;
  }

  #judge(read: Read): ChildJudgement {
    const { parent } = read.content;
    const above = parent === undefined ? undefined : this.#facts.claim(parent);
    if (parent === undefined || above === undefined) return judgeNew(read.policy, read);
    return judgeChild(read.policy, read, { content: above.content, ...this.#position(parent) });
  }

  #position(id: RecordId): Position {
    const walked: { readonly id: RecordId; readonly read: Read }[] = [];
    let at: RecordId | undefined = id;
    while (at !== undefined && !this.#positions.has(at)) {
      const read = this.#read(at);
      if (read === undefined) throw new Error(`Claim ${at} was read and is not there.`);
      // Those above have less above them, so a walk from them may say more.
      if (walked.length > revisionDepthMax) return this.#tooDeep(walked);
      walked.push({ id: at, read });
      at = this.#restsOn(read);
    }
    for (const step of walked.reverse()) {
      this.#positions.set(step.id, this.#positionOf(step.read));
    }
    const found = this.#positions.get(id);
    if (found === undefined) throw new Error(`Claim ${id} has no position.`);
    return found;
  }

  #tooDeep([first]: readonly { readonly id: RecordId; readonly read: Read }[]): Position {
    if (first === undefined) throw new Error('A walk begins with a claim.');
    const position = { ...standsAlone(first.read), depth: revisionDepthMax + 1 };
    this.#positions.set(first.id, position);
    return position;
  }

  /** Its position, when that of what it rests on is known. */
  #positionOf(read: Read): Position {
    const above = this.#restsOn(read);
    const parent = above === undefined ? undefined : this.#positions.get(above);
    if (parent === undefined) return standsAlone(read);
    const { relation, lifecycle } = this.#judge(read);
    const owner = relation === 'transition' ? parent.owner : read.author;
    return { lifecycle, owner, depth: parent.depth + 1 };
  }

  /** The parent, when the claim's state or its owner depends on what the parent is. */
  #restsOn({ content }: Read): RecordId | undefined {
    const { parent } = content;
    const stated = statedLifecycle(content);
    // No transition leads to the first state, so a claim that states it speaks for itself.
    if (parent === undefined || stated === initialState) return undefined;
    const above = this.#read(parent);
    if (above === undefined || !samePair(content, above.content)) return undefined;
    if (!sameValue(content, above.content)) return undefined;
    // Only a transition takes anything over: a claim that none can lead to speaks for itself.
    const before = statedLifecycle(above.content);
    const isCertain = newStateRefusal(above.policy, above.author, before) === undefined;
    const states: readonly Lifecycle[] = isCertain ? [before] : [before, initialState];
    return states.some((state) => allowedTransitions[state].includes(stated)) ? parent : undefined;
  }

  #read(id: RecordId): Read | undefined {
    const claim = this.#facts.claim(id);
    const author = claim === undefined ? undefined : this.#facts.author(id);
    if (claim === undefined || author === undefined) return undefined;
    const policy = this.#policies.inForce(claim.stamp, this.#facts.appliedSequence);
    return { content: claim.content, author, policy };
  }
}

const standsAlone = (read: Read): Position => ({
  lifecycle: judgeNew(read.policy, read).lifecycle,
  owner: read.author,
  depth: 0,
});
