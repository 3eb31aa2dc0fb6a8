/** What each candidate did, in words: made only when a question asks for an explanation. */
import type { Decided } from './deciding.js';
import type { Candidate, CandidateRole, LensQuestion } from './lens.js';
import { Voice } from './support.js';

/** How a lens speaks of its claims. */
export interface Wording {
  /** What the best claim of a value is, such as "newest". */
  readonly best: string;
  /** Why a value lost, such as "its value has an older claim". */
  readonly behind: string;
}

const tiedBehind = 'its value has the same score, and its representative comes later';

/** Roles under a lens whose score is the best claim's: that one claim contributes. */
export function* bestClaimRoles(
  decided: Decided,
  wording: Wording,
): Generator<void, CandidateRole[]> {
  const standing = standings(decided, wording.behind);
  const roles: CandidateRole[] = [];
  for (const [row, candidate] of decided.groups.candidates.entries()) {
    const { loss, representative } = standing.get(candidate.valueKey) as Standing;
    const isBest = representative === candidate.id;
    const part = isBest
      ? `stands for its value: ${wording.best}`
      : 'adds nothing: its value is represented by another claim';
    const contribution = isBest ? (decided.weights[row] as number) : 0;
    roles.push({ id: candidate.id, contribution, reason: withLoss(part, loss) });
    if (row % stepRows === 0) yield;
  }
  return roles;
}

/** Roles under a lens whose score is the sum over its claims: each adds its weight. */
export function* sumRoles(
  decided: Decided,
  wording: { readonly part: (candidate: Candidate) => string; readonly behind: string },
): Generator<void, CandidateRole[]> {
  const standing = standings(decided, wording.behind);
  const roles: CandidateRole[] = [];
  for (const [row, candidate] of decided.groups.candidates.entries()) {
    const { loss } = standing.get(candidate.valueKey) as Standing;
    const reason = withLoss(wording.part(candidate), loss);
    roles.push({ id: candidate.id, contribution: decided.weights[row] as number, reason });
    if (row % stepRows === 0) yield;
  }
  return roles;
}

/** Roles under a lens whose score is support. Without a winner nobody loses. */
export function* voiceRoles(
  decided: Decided,
  question: LensQuestion,
  behind: string | undefined,
): Generator<void, CandidateRole[]> {
  const standing = standings(decided, behind);
  const roles: CandidateRole[] = [];
  for (const [row, candidate] of decided.groups.candidates.entries()) {
    const voice = decided.voices?.[row] ?? Voice.leftOut;
    const { loss } = standing.get(candidate.valueKey) as Standing;
    roles.push({
      id: candidate.id,
      contribution: voice === Voice.adds ? (decided.weights[row] as number) : 0,
      reason: withLoss(voicePart(voice, candidate, question), loss),
    });
    if (row % stepRows === 0) yield;
  }
  return roles;
}

/** Roles between two yields: each costs a few strings, so fewer than `rowsPerStep`. */
const stepRows = 1024;

interface Standing {
  readonly loss: string | undefined;
  readonly representative: string;
}

function standings(decided: Decided, behind: string | undefined): Map<string, Standing> {
  const best = decided.values[0]?.score;
  return new Map(
    decided.values.map((value, place) => [
      value.valueKey,
      {
        loss: place === 0 || behind === undefined ? undefined : lossOf(value.score, best, behind),
        representative: value.representative.id,
      },
    ]),
  );
}

function lossOf(score: number, best: number | undefined, behind: string): string {
  return score === best ? tiedBehind : behind;
}

function withLoss(part: string, loss: string | undefined): string {
  return loss === undefined ? part : `${part}; lost: ${loss}`;
}

function voicePart(voice: number, candidate: Candidate, question: LensQuestion): string {
  if (voice === Voice.leftOut) {
    return `left out: beyond the ${question.supportRowsMax} rows a tier that have a voice`;
  }
  if (voice === Voice.adds) {
    return `adds a voice: agent ${candidate.agent} with origin ${candidate.origin}`;
  }
  const who = { [Voice.originSpeaks]: 'its origin', [Voice.agentSpeaks]: 'its author' }[voice];
  return who === undefined
    ? 'adds nothing: its author and origin already speak through claims at least as strong'
    : `adds nothing: ${who} already speaks through a claim at least as strong`;
}
