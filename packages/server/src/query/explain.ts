/** The explanation of a resolution: every candidate with its factors and its part in the answer. */
import { formatTime } from '@stemedb/model';
import type { CandidateRole, Lens, RankedValue, Resolution } from '../lens/lens.js';
import type { CandidateSet, WeighedCandidate } from './candidates.js';
import { taintWarnings } from './taints.js';

/** Candidates listed on one page of an explanation. */
const explainPageMax = 200;

const fromNano = (value: number): number => value / 1e9;

/** Votes listed with one claim; how many there are stands beside them. */
const listedVotesMax = 20;

const votesOf = ({ castVotes }: WeighedCandidate): object => ({
  votes: [...castVotes]
    .sort((one, other) => other.effectiveMs - one.effectiveMs || (one.id < other.id ? 1 : -1))
    .slice(0, listedVotesMax)
    .map(({ id, agentId, weight, effectiveMs }) => ({
      vote: id,
      agent_id: agentId,
      weight: fromNano(weight),
      effective_time: formatTime(effectiveMs),
    })),
  votes_count: castVotes.length,
});

const factors = (candidate: WeighedCandidate): object => ({
  assertion: candidate.id,
  ...(candidate.voiceOf === undefined ? {} : { voice_of: candidate.voiceOf }),
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
  ...(candidate.castVotes.length === 0 ? {} : votesOf(candidate)),
  ...(candidate.taint === undefined ? {} : { warnings: taintWarnings(candidate.taint) }),
});

/** A score or contribution as a person reads it: voices and weights as numbers, times as ms. */
export const shownScore = (lens: Lens, score: number): number =>
  lens.scoreUnit === 'nano' ? fromNano(score) : score;

const entry = (
  lens: Lens,
  candidate: WeighedCandidate,
  role: CandidateRole | undefined,
): object => ({
  ...factors(candidate),
  value_key: candidate.valueKey,
  contribution: shownScore(lens, role?.contribution ?? 0),
  reason: role?.reason ?? '',
});

/** One page of the explanation, from candidate number `offset` on; `stated` lists a value. */
export const explanation = (
  lens: Lens,
  set: CandidateSet,
  resolution: Resolution,
  offset: number,
  stated: (ranked: RankedValue) => object,
): object => {
  const page = set.candidates.slice(offset, offset + explainPageMax);
  const roles = resolution.roles ?? [];
  const next = offset + page.length;
  return {
    lens: lens.name,
    lens_version: lens.version,
    formula: lens.formula,
    values: resolution.values
      .slice(0, explainPageMax)
      .map((value) => ({ value_key: value.valueKey, ...stated(value) })),
    values_count: resolution.values.length,
    candidates: page.map((candidate, at) => entry(lens, candidate, roles[offset + at])),
    candidates_count: set.candidates.length,
    ...(next < set.candidates.length ? { next_offset: next } : {}),
    left_out: set.leftOut.slice(0, explainPageMax).map(({ id, reason }) => ({
      assertion: id,
      reason,
    })),
    left_out_count: set.leftOut.length,
  };
};
