/** The explanation of a resolution: every candidate with its factors and its part in the answer. */
import { formatTime } from '@stemedb/model';
import type { CandidateRole, Lens, Resolution } from '../lens/lens.js';
import type { CandidateSet, WeighedCandidate } from './candidates.js';

/** Candidates listed on one page of an explanation. */
export const explainPageMax = 200;

const fromNano = (value: number): number => value / 1e9;

const factors = (candidate: WeighedCandidate): object => ({
  assertion: candidate.id,
  agent_id: candidate.agentId,
  agent: candidate.agent,
  origin: candidate.origin,
  origin_name: candidate.originName,
  class: candidate.counted.name,
  tier: candidate.tier,
  ...(candidate.statedClass === undefined ? {} : { stated_class: candidate.statedClass }),
  weight: fromNano(candidate.weight),
  confidence: candidate.statedConfidence,
  effective_confidence: fromNano(candidate.confidence),
  trust: fromNano(candidate.trust),
  effective_time: formatTime(candidate.effectiveMs),
  lifecycle: candidate.lifecycle,
});

const entry = (candidate: WeighedCandidate, role: CandidateRole | undefined): object => ({
  ...factors(candidate),
  value_key: candidate.valueKey,
  contribution: role?.contribution ?? 0,
  reason: role?.reason ?? '',
});

/** One page of the explanation, from candidate number `offset` on. */
export const explanation = (
  lens: Lens,
  set: CandidateSet,
  resolution: Resolution,
  offset: number,
): object => {
  const page = set.candidates.slice(offset, offset + explainPageMax);
  const roles = resolution.roles ?? [];
  const next = offset + page.length;
  return {
    lens: lens.name,
    lens_version: lens.version,
    formula: lens.formula,
    values: resolution.values.map((value) => ({
      value_key: value.valueKey,
      score: value.score,
      ...(value.share === undefined ? {} : { share: value.share }),
      support: fromNano(value.support),
      claims: value.claims,
      representative: value.representative.id,
    })),
    candidates: page.map((candidate, at) => entry(candidate, roles[offset + at])),
    candidates_count: set.candidates.length,
    ...(next < set.candidates.length ? { next_offset: next } : {}),
    left_out: set.leftOut.slice(0, explainPageMax).map(({ id, reason }) => ({
      assertion: id,
      reason,
    })),
    left_out_count: set.leftOut.length,
  };
};
