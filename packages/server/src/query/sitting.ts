/**
 * One question sitting over one reading: what is needed to resolve any pair for it. A second
 * sitting over the same reading may assume a retraction, so that what it would change is seen.
 */
import type { RecordId } from '@stemedb/model';
import { type Lens, type Resolution, rowsPerStep } from '../lens/lens.js';
import type { Pair } from '../store/candidate_loader.js';
import type { Assumption, ClaimRules } from '../trust/rules.js';
import { type DraftedResult, resultOf } from './answer.js';
import { type CandidateSet, CandidateWeigher } from './candidates.js';
import type { QueryCollaborators, QueryLimits } from './collaborators.js';
import { ClaimGatherer } from './gathering.js';
import type { Question } from './question.js';
import type { Reading, Readings } from './readings.js';

export interface Sitting {
  readonly question: Question;
  readonly lens: Lens;
  readonly reading: Reading;
  readonly rules: ClaimRules;
  readonly gatherer: ClaimGatherer;
  readonly weigher: CandidateWeigher;
  readonly limits: QueryLimits;
}

/** Sits down to a question; with `assume`, as if that were so at the moment. */
export const openSitting = (
  parts: QueryCollaborators,
  readings: Readings,
  reading: Reading,
  asked: { readonly question: Question; readonly lens: Lens; readonly assume?: Assumption },
): Sitting => {
  const { question, lens, assume } = asked;
  const { limits } = readings;
  const rules = assume === undefined ? reading.rules : reading.rulesAssuming(assume);
  return {
    question,
    lens,
    reading,
    rules,
    gatherer: new ClaimGatherer({
      question,
      reading,
      rules,
      loader: parts.loaderOf(reading.snapshot),
    }),
    weigher: new CandidateWeigher({ question, lens, reading, rules, limits }),
    limits,
  };
};

/** The same sitting without what leaves pairs out: their predicate, and that they gained nothing
 * since a moment. What it leaves out of claims stays, and nothing is explained. */
export const sittingOverAll = (sitting: Sitting): Sitting => {
  const { predicate, sinceMs, explain, explainOffset, ...question } = sitting.question;
  const weigher = new CandidateWeigher({ ...sitting, question });
  return { ...sitting, question, weigher };
};

/** What the lens makes of one pair; undefined when no claim takes part. */
export const resolvePair = (sitting: Sitting, pair: Pair): Promise<DraftedResult | undefined> => {
  const { snapshot, holding } = sitting.reading;
  const { paths } = sitting.gatherer.joined(pair.conceptPath);
  const { predicate } = pair;
  const pairs =
    paths.length === 1 ? [pair] : paths.map((conceptPath) => ({ conceptPath, predicate }));
  const room = holding.rowsOf(pairs, snapshot);
  return room === undefined ? resolveHeld(sitting, pair) : resolveIn(room, sitting, pair);
};

const resolveIn = async (
  room: Promise<() => void>,
  sitting: Sitting,
  pair: Pair,
): Promise<DraftedResult | undefined> => {
  const leave = await room;
  try {
    return await resolveHeld(sitting, pair);
  } finally {
    leave();
  }
};

const resolveHeld = async (sitting: Sitting, pair: Pair): Promise<DraftedResult | undefined> => {
  const { question, lens, reading, gatherer, weigher, limits } = sitting;
  const { pace } = reading;
  const { claims, joined } = await gatherer.gather(pair);
  const set = await weigher.weigh(claims);
  if (set.candidates.length === 0 || !set.gained) return undefined;
  const steps = lens.resolve(
    set.candidates,
    { tierNames: weigher.classes.tierNames, supportRowsMax: limits.supportRowsMax },
    { explain: question.explain === true },
  );
  let step = steps.next();
  while (step.done !== true) {
    await pace.spend(rowsPerStep);
    step = steps.next();
  }
  const turn = pace.spend(set.candidates.length % rowsPerStep);
  if (turn !== undefined) await turn;
  const spokenOf = provenanceOf(sitting, set, step.value);
  return resultOf({
    lens,
    pair,
    set: spokenOf.length === 0 ? set : await withProvenance(sitting, set, spokenOf),
    joined,
    resolution: step.value,
    reading,
    explainOffset: question.explain === true ? (question.explainOffset ?? 0) : undefined,
  });
};

/**
 * Where nothing was superseded, premises are read of those claims alone that the answer speaks of:
 * the winner, and with an explanation all that it explains.
 */
const provenanceOf = (
  { question, rules }: Sitting,
  { candidates }: CandidateSet,
  { hasWinner, values }: Resolution,
): readonly RecordId[] => {
  if (rules.taint !== undefined) return [];
  const winner = hasWinner ? values[0]?.representative.id : undefined;
  const spokenOf: RecordId[] = [];
  for (const { id, hasReferences } of candidates) {
    if (hasReferences && (question.explain === true || id === winner)) spokenOf.push(id);
  }
  return spokenOf;
};

const withProvenance = async (
  { rules, reading }: Sitting,
  set: CandidateSet,
  ids: readonly RecordId[],
): Promise<CandidateSet> => {
  const taints = await rules.provenance.tainted(ids, reading.moment.stamp);
  if (taints.size === 0) return set;
  const candidates = set.candidates.map((each) => ({ ...each, taint: taints.get(each.id) }));
  return { ...set, candidates };
};
