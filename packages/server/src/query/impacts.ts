/** What retracting a source would change, and the retraction itself. */
import type { ImpactAnswer, Outcome } from '@stemedb/model';
import type { Accepted } from '../ingest/ingest.js';
import type { Principal } from '../ingest/principal.js';
import { type ImpactCollaborators, type ImpactQuestion, impactOf } from './impact.js';
import { KeptWalks } from './kept_walks.js';
import { scopeOf } from './query_service.js';
import { type RetractCollaborators, type RetractRequest, retractSource } from './retract.js';

export interface Impacts {
  impact(
    principal: Principal,
    question: ImpactQuestion,
    signal?: AbortSignal,
  ): Promise<Outcome<ImpactAnswer>>;
  retract(
    principal: Principal,
    request: RetractRequest,
    signal?: AbortSignal,
  ): Promise<Outcome<Accepted>>;
}

export const createImpacts = (
  parts: Omit<ImpactCollaborators, 'walks'> & RetractCollaborators,
): Impacts => {
  const asking = { ...parts, walks: new KeptWalks(parts.clock, parts.watch) };
  return {
    impact: (principal, question, signal) => impactOf(asking, scopeOf(principal), question, signal),
    retract: (principal, request, signal) => retractSource(parts, principal, request, signal),
  };
};
