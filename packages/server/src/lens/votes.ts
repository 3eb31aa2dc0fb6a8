/**
 * `votes`: what the voters prefer. A voter has one vote for each value, the last one cast on any of
 * its claims, so a thousand votes on a thousand claims of one value are one. A last vote of weight
 * 0 withdraws: the voter is not counted. Without any counted vote the lens answers as `consensus`
 * and says so. Who may invent voters can invent votes: this lens is for members, not for crowds.
 *
 * Where every sum is at most 0 the highest one still wins, with confidence 0.
 */
import { consensus } from './consensus.js';
import { decide, type Rule } from './deciding.js';
import type { Candidate, CandidateVote, Lens, Nano } from './lens.js';
import { Pace } from './pace.js';
import { byShare, resolutionOf } from './ranking.js';
import { sumRoles } from './roles.js';

/** The counted votes that were cast on one claim. */
interface Tally {
  readonly sum: Nano;
  readonly voters: number;
}

type Tallies = ReadonlyMap<Candidate, Tally>;

const noVotes: Tally = { sum: 0, voters: 0 };

const wording = {
  part: (voters: number): string => {
    if (voters === 0) return 'adds nothing: no voter cast the last vote for its value here';
    return `adds the last votes of ${voters} voter${voters === 1 ? '' : 's'} for its value`;
  },
  behind: 'a smaller sum of votes than the winner',
};

export const votes: Lens = {
  name: 'votes',
  version: 1,
  scoreUnit: 'nano',
  usesVotes: true,
  formula:
    "score = sum over voters of their last vote for the value; confidence = winner's score / sum " +
    'of the positive scores, else 0; without any vote as consensus',
  *resolve(candidates, question, options) {
    const tallies = yield* count(candidates);
    if (tallies.size === 0) {
      const resolution = yield* consensus.resolve(candidates, question, options);
      return { ...resolution, notes: ['there is no vote here: answered as by consensus'] };
    }
    const of = (candidate: Candidate): Tally => tallies.get(candidate) ?? noVotes;
    const rule: Rule = { weight: (candidate) => of(candidate).sum, score: 'sum', shares: true };
    const decided = yield* decide(candidates, question, rule, options.explain);
    const inWords = {
      behind: wording.behind,
      part: (candidate: Candidate) => wording.part(of(candidate).voters),
    };
    return resolutionOf(decided, {
      confidence: byShare,
      roles: options.explain ? yield* sumRoles(decided, inWords) : undefined,
    });
  },
};

interface CastVote {
  readonly vote: CandidateVote;
  readonly claim: Candidate;
}

/** Finds each voter's last vote for each value, and sums those that count by their claims. */
function* count(candidates: readonly Candidate[]): Generator<void, Tallies> {
  const pace = new Pace();
  const lastByValue = new Map<string, Map<number, CastVote>>();
  for (const claim of candidates) {
    if (pace.due()) yield;
    if (claim.votes === undefined || claim.votes.length === 0) continue;
    const lastByVoter = lastByValue.get(claim.valueKey) ?? new Map<number, CastVote>();
    lastByValue.set(claim.valueKey, lastByVoter);
    for (const vote of claim.votes) {
      const cast = { vote, claim };
      const known = lastByVoter.get(vote.voter);
      if (known === undefined || isLater(cast, known)) lastByVoter.set(vote.voter, cast);
      if (pace.due()) yield;
    }
  }
  const tallies = new Map<Candidate, Tally>();
  for (const lastByVoter of lastByValue.values()) {
    for (const { vote, claim } of lastByVoter.values()) {
      if (pace.due()) yield;
      if (vote.weight === 0) continue;
      const { sum, voters } = tallies.get(claim) ?? noVotes;
      tallies.set(claim, { sum: sum + vote.weight, voters: voters + 1 });
    }
  }
  // What follows counts its steps anew.
  yield;
  return tallies;
}

/** By (effective time, id); should one vote stand with two claims, the smaller claim has it. */
function isLater(a: CastVote, b: CastVote): boolean {
  if (a.vote.effectiveMs !== b.vote.effectiveMs) return a.vote.effectiveMs > b.vote.effectiveMs;
  return a.vote.id === b.vote.id ? a.claim.id < b.claim.id : a.vote.id > b.vote.id;
}
