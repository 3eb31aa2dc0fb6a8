/**
 * How a child stands to the claim that it names as its parent (spec 1.1, "Revisions"). One pure
 * function decides at the gate and on reading, over the policy in force at the child's stamp.
 *
 * - transition: the same value in another state; it speaks with the voice of the first claim of
 *   its chain.
 * - revision: another value, or the same in the same state; it speaks for itself, and its state is
 *   judged as that of a new claim: nobody approved what it says.
 * - independent: it takes nobody's place, and its state is judged as that of a new claim.
 */
import type { AssertionContent, Lifecycle } from '@stemedb/model';
import { valueKeyOf } from '@stemedb/model';
import { newStateRefusal, type RecordAuthor, supersessionRefusal } from './governance.js';
import type { EffectivePolicy } from './policy_history.js';

/** The states to which a claim may go from each. */
export const allowedTransitions: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  proposed: ['under_review'],
  under_review: ['approved', 'rejected'],
  approved: ['deprecated'],
  deprecated: [],
  rejected: [],
};

/** Read when a claim states none. */
export const initialState = 'proposed';

/** Why the public API refuses a claim or, when it is `advisory`, takes it with a warning. */
interface ChildRefusal {
  readonly code: 'forbidden' | 'transition_not_allowed' | 'invalid_field';
  /** Names the rule or the allowed transitions. */
  readonly detail: string;
  /** True for a stranger's child in an initial state: kept as an independent claim. */
  readonly advisory: boolean;
}

export interface ChildJudgement {
  readonly relation: 'transition' | 'revision' | 'independent';
  /** The state in which it takes part. */
  readonly lifecycle: Lifecycle;
  /** Undefined: everything is as stated. */
  readonly refusal?: ChildRefusal;
}

export interface JudgedChild {
  readonly content: AssertionContent;
  readonly author: RecordAuthor;
}

export interface JudgedParent {
  readonly content: AssertionContent;
  /** The state in which it takes part, not the one that it states. */
  readonly lifecycle: Lifecycle;
  /** First author of its chain of transitions. */
  readonly owner: RecordAuthor;
  /** Claims above it on which its state or its owner rests. */
  readonly depth: number;
}

/** Claims above a claim on which its state may rest: what one write makes a node read. */
export const revisionDepthMax = 64;

export const statedLifecycle = (content: AssertionContent): Lifecycle =>
  content.lifecycle ?? initialState;

/** True for the states in which anybody's claim may begin. */
export const isInitial = (state: Lifecycle): boolean =>
  state === 'proposed' || state === 'under_review';

export const samePair = (one: AssertionContent, other: AssertionContent): boolean =>
  one.concept_path === other.concept_path && one.predicate === other.predicate;

export const sameValue = (one: AssertionContent, other: AssertionContent): boolean =>
  valueKeyOf(one.value, one.unit) === valueKeyOf(other.value, other.unit);

/** A claim that has no parent, or whose parent is not known: its state, and why not the stated. */
export const judgeNew = (
  policy: EffectivePolicy,
  { content, author }: JudgedChild,
): ChildJudgement => {
  const state = statedLifecycle(content);
  const detail = newStateRefusal(policy, author, state);
  return detail === undefined
    ? { relation: 'independent', lifecycle: state }
    : {
        relation: 'independent',
        lifecycle: initialState,
        refusal: { code: 'transition_not_allowed', detail, advisory: false },
      };
};

/** How a child stands to its parent; the policy is the one in force at the child's stamp. */
export const judgeChild = (
  policy: EffectivePolicy,
  child: JudgedChild,
  parent: JudgedParent,
): ChildJudgement => {
  const asNew = judgeNew(policy, child);
  const independent = (refusal: ChildRefusal): ChildJudgement => ({
    relation: 'independent',
    lifecycle: asNew.lifecycle,
    refusal,
  });
  if (!samePair(child.content, parent.content)) {
    const { concept_path: path, predicate } = parent.content;
    const detail = `A child has the path and predicate of its parent: "${path}", "${predicate}".`;
    return independent({ code: 'invalid_field', detail, advisory: false });
  }
  const stated = statedLifecycle(child.content);
  const rule = supersessionRefusal(policy, child.author.agentId, parent.owner);
  if (rule !== undefined) {
    return independent({ code: 'forbidden', detail: rule, advisory: isInitial(stated) });
  }
  if (!sameValue(child.content, parent.content)) return { ...asNew, relation: 'revision' };
  if (stated === parent.lifecycle) return restated(asNew, stated);
  const allowed = allowedTransitions[parent.lifecycle];
  const detail = transitionFault(stated, parent, allowed);
  if (detail !== undefined) {
    return independent({ code: 'transition_not_allowed', detail, advisory: false });
  }
  return { relation: 'transition', lifecycle: stated };
};

/** The same value in the same state, said anew: what was approved is what was said before. */
const restated = (asNew: ChildJudgement, stated: Lifecycle): ChildJudgement => {
  const { lifecycle, refusal } = asNew;
  if (refusal === undefined) return { relation: 'revision', lifecycle };
  const detail =
    `Stating a claim anew does not take over that it is "${stated}"; state it as a new claim, ` +
    'without a parent.';
  return { relation: 'revision', lifecycle, refusal: { ...refusal, detail } };
};

/** Why a claim of the same value cannot go to another state from its parent's. */
const transitionFault = (
  stated: Lifecycle,
  parent: JudgedParent,
  allowed: readonly Lifecycle[],
): string | undefined => {
  if (!allowed.includes(stated)) {
    return allowed.length === 0
      ? `A claim that is "${parent.lifecycle}" goes to no other state; state a new claim.`
      : `From "${parent.lifecycle}" a claim may go to ${allowed.map(quoted).join(' or ')}, ` +
          `not to "${stated}".`;
  }
  if (parent.depth < revisionDepthMax) return undefined;
  return `The state would rest on more than ${revisionDepthMax} earlier claims; state a new claim.`;
};

const quoted = (state: Lifecycle): string => `"${state}"`;
