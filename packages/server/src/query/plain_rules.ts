/** Rules of a database that knows of retractions and of nothing else. */
import { toNano } from '../lens/arithmetic.js';
import type { PolicyHistory } from '../trust/policy_history.js';
import type { RulesOver } from './rules_over.js';
import type { TaintOver } from './taints.js';

export const plainRules =
  (policies: PolicyHistory, taintOver: TaintOver): RulesOver =>
  (view) => ({
    taint: taintOver(view),
    standings: async () => new Map(),
    epochSupersededBy: () => undefined,
    joined: (conceptPath) => ({ paths: [conceptPath], truncated: false }),
    trustOf: () => toNano(policies.inForce(view.asOf).table.trust.initial),
    trustSteps: () => [],
    trustMoves: false,
    withoutEffect: () => undefined,
  });
