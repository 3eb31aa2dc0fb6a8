/**
 * Gate 7, as far as it is about lifecycles and revisions (spec 1.1). A claim that may not take the
 * place of its parent is kept as an independent one while it states a state in which any claim may
 * begin; one that states another is refused, because that state would not count.
 */
import type { AssertionContent, Outcome } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { AuthorProof } from '../../log/log.js';
import { isInitial, statedLifecycle } from '../../trust/transitions.js';
import type { Warning } from '../ingest.js';
import type { Principal } from '../principal.js';
import type { GateContext } from './context.js';
import { refuse } from './refusal.js';

/** True when nothing can be said against the claim's state here and now. */
const isUnjudged = (
  context: GateContext,
  principal: Principal,
  content: AssertionContent,
): boolean => {
  const { parent } = content;
  // The parent may be on its way: what the child is to it is found out on reading.
  if (parent !== undefined) return context.place(parent) === undefined;
  // Nearly every claim: the rules would open a view of the store to say the same.
  if (isInitial(statedLifecycle(content))) return true;
  return principal.type === 'key' && principal.role === 'admin';
};

/** What a claim may not be to its parent, or may not begin as: an error, or a warning. */
export const revisionGate = (
  context: GateContext,
  principal: Principal,
  content: AssertionContent,
  proof: AuthorProof,
): Outcome<readonly Warning[]> => {
  if (isUnjudged(context, principal, content)) return ok([]);
  const { refusal } = context.rules.judgeClaim(content, proof === 'node');
  if (refusal === undefined) return ok([]);
  const { code, detail, advisory } = refusal;
  if (advisory) {
    const kept = `${detail} The claim is kept as an independent one.`;
    return ok([{ code: 'not_a_revision', detail: kept, pointer: '/parent' }]);
  }
  return refuse(code, code === 'transition_not_allowed' ? '/lifecycle' : '/parent', detail);
};
