/**
 * Gate 7, as far as it is about lifecycles and revisions (spec 1.1). A claim that may not take the
 * place of its parent is kept as an independent one while it states a state in which any claim may
 * begin; one that states another is refused, because that state would not count.
 */
import type { AssertionContent, Lifecycle, Outcome } from '@stemedb/model';
import { ok, valueKeyOf } from '@stemedb/model';
import type { AuthorProof } from '../../log/log.js';
import type { Warning } from '../ingest.js';
import type { Principal } from '../principal.js';
import type { GateContext, JudgedParent } from './context.js';
import { authorOf } from './governance.js';
import { refuse } from './refusal.js';

/** States that a claim may pass to from each. */
const transitions: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  proposed: ['under_review'],
  under_review: ['approved', 'rejected'],
  approved: ['deprecated'],
  deprecated: [],
  rejected: [],
};

const initialStates: readonly Lifecycle[] = ['proposed', 'under_review'];

const stateOf = (content: AssertionContent): Lifecycle => content.lifecycle ?? 'proposed';

const named = (states: readonly Lifecycle[]): string =>
  states.map((state) => `"${state}"`).join(' or ');

/** A claim that begins: `proposed` or `under_review`, unless its author may state any. */
export const beginningGate = (
  { rules }: GateContext,
  content: AssertionContent,
  principal: Principal,
  proof: AuthorProof,
): Outcome<void> => {
  const state = stateOf(content);
  const isAdmin = principal.type === 'key' && principal.role === 'admin';
  if (initialStates.includes(state) || isAdmin) return ok(undefined);
  if (rules.beginsInAnyState(authorOf(content, proof))) return ok(undefined);
  const without = content.parent === undefined ? 'without a parent' : 'with a value of its own';
  return refuse(
    'transition_not_allowed',
    '/lifecycle',
    `A claim ${without} begins as ${named(initialStates)}, not as "${state}".`,
  );
};

const isSameValue = (one: AssertionContent, other: AssertionContent): boolean =>
  valueKeyOf(one.value, one.unit) === valueKeyOf(other.value, other.unit);

/** The path and the predicate of a child are those of its parent. */
const pairFault = (
  child: AssertionContent,
  parent: AssertionContent,
): Outcome<never> | undefined => {
  for (const name of ['concept_path', 'predicate'] as const) {
    if (child[name] === parent[name]) continue;
    return refuse(
      'invalid_field',
      '/parent',
      `A claim revises one of its own concept and predicate; the ${name} of ${child.parent} is ` +
        `${JSON.stringify(parent[name])}.`,
    );
  }
  return undefined;
};

const transitionFault = (from: Lifecycle, to: Lifecycle): Outcome<never> => {
  const allowed = transitions[from];
  return refuse(
    'transition_not_allowed',
    '/lifecycle',
    `The parent is "${from}" and cannot become "${to}"; ` +
      (allowed.length === 0 ? 'it can become nothing else.' : `it can become ${named(allowed)}.`),
  );
};

/** A child whose parent is known. */
export const revisionGate = (
  context: GateContext,
  child: AssertionContent,
  parent: JudgedParent,
  principal: Principal,
  proof: AuthorProof,
): Outcome<readonly Warning[]> => {
  const elsewhere = pairFault(child, parent.content);
  if (elsewhere !== undefined) return elsewhere;
  const state = stateOf(child);
  if (parent.refusal !== undefined) {
    if (!initialStates.includes(state)) return refuse('forbidden', '/parent', parent.refusal);
    const detail = `${parent.refusal} The claim is kept as an independent one.`;
    return ok([{ code: 'not_a_revision', detail, pointer: '/parent' }]);
  }
  if (!isSameValue(child, parent.content)) {
    const begun = beginningGate(context, child, principal, proof);
    return begun.ok ? ok([]) : begun;
  }
  const isAllowed = state === parent.lifecycle || transitions[parent.lifecycle].includes(state);
  return isAllowed ? ok([]) : transitionFault(parent.lifecycle, state);
};
