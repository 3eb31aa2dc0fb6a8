/** The policy that applies before anybody states one (spec 3 and 8). */
import type { PolicyContent } from './record.js';

export type PolicyTable = Omit<PolicyContent, 'kind' | 'v' | 'agent_id' | 'asserted_at' | 'realm'>;

/**
 * Tiers, weights and half-lives of spec 3; nobody is granted anything. `trust.accurate` and
 * `trust.inaccurate` are signed steps: both are added.
 */
export const defaultPolicyTable: PolicyTable = {
  classes: [
    { name: 'regulatory', tier: 0, weight: 1 },
    { name: 'clinical', tier: 1, weight: 0.8, half_life_days: 730 },
    { name: 'observational', tier: 2, weight: 0.6, half_life_days: 365 },
    { name: 'expert', tier: 3, weight: 0.4, half_life_days: 180 },
    { name: 'community', tier: 4, weight: 0.2, half_life_days: 90 },
    { name: 'anecdotal', tier: 5, weight: 0.1, half_life_days: 30 },
  ],
  schemes: {
    rfc: 'regulatory',
    fda: 'regulatory',
    ietf: 'regulatory',
    w3c: 'regulatory',
    peer: 'clinical',
    pubmed: 'clinical',
    code: 'expert',
    wiki: 'expert',
    blog: 'anecdotal',
    anon: 'anecdotal',
  },
  class_mode: 'self-declared',
  grants: [],
  governance: 'owner',
  stewards: [],
  verdict_agents: [],
  trust: { initial: 0.5, accurate: 0.05, inaccurate: -0.1, half_life_days: 30 },
};
