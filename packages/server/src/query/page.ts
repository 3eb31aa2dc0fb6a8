/** One page of an answer: the pairs of the question in their order, each resolved. */
import type { Pair } from '../store/candidate_loader.js';
import type { DraftedResult } from './answer.js';
import { approximateBytes } from './approximate_bytes.js';
import { askedPairs } from './asked_pairs.js';
import { constraintsOf, opponentsOf } from './constraints.js';
import { rowsPerPair } from './pace.js';
import { resolvePair, type Sitting, sittingOverAll } from './sitting.js';

export interface Page {
  readonly results: readonly DraftedResult[];
  /** The pair that the next page goes on after; undefined on the last one. */
  readonly next: Pair | undefined;
}

/** Resolves pairs from after the one given until the page is full. */
export const readPage = async (sitting: Sitting, after: Pair | undefined): Promise<Page> => {
  const page = await resolvePairs(sitting, after);
  const { lens, question } = sitting;
  const { scope } = question;
  if (lens.collects === undefined || scope.type !== 'concept') return page;
  const isWhole = after === undefined && page.next === undefined;
  const isFiltered = question.predicate !== undefined || question.sinceMs !== undefined;
  const others = isWhole && !isFiltered ? [] : await opponents(sitting, page.results);
  return { ...page, results: constrained(scope.conceptPath, page.results, others) };
};

const resolvePairs = async (sitting: Sitting, after: Pair | undefined): Promise<Page> => {
  const { question, lens, gatherer, reading, limits } = sitting;
  const { snapshot, pace, holding } = reading;
  const results: DraftedResult[] = [];
  let last: Pair | undefined;
  let hasRoom = true;
  for (const pair of askedPairs({ question, lens, snapshot, gatherer }, after)) {
    const turn = pace.spend(rowsPerPair);
    if (turn !== undefined) await turn;
    if (pair === undefined) continue;
    if (results.length === question.limit || !hasRoom) return { results, next: last };
    const result = await resolvePair(sitting, pair);
    last = pair;
    if (result === undefined) continue;
    results.push(result);
    const drafted = holding.drafted(approximateBytes(result, limits.pageBytesMax));
    hasRoom = typeof drafted === 'boolean' ? drafted : await drafted;
  }
  return { results, next: undefined };
};

/** What stands on other pages, or is filtered out, and says the opposite of one of these. */
const opponents = async (
  sitting: Sitting,
  results: readonly DraftedResult[],
): Promise<readonly DraftedResult[]> => {
  const isOpponent = opponentsOf(results);
  const over = sittingOverAll(sitting);
  const { question, lens, gatherer, reading, limits } = over;
  const { snapshot, pace, holding } = reading;
  const found: DraftedResult[] = [];
  for (const pair of askedPairs({ question, lens, snapshot, gatherer }, undefined)) {
    await pace.spend(rowsPerPair);
    if (pair === undefined || !isOpponent(pair.predicate)) continue;
    const result = await resolvePair(over, pair);
    if (result === undefined) continue;
    found.push(result);
    await holding.drafted(approximateBytes(result, limits.pageBytesMax));
  }
  return found;
};

const constrained = (
  conceptPath: string,
  results: readonly DraftedResult[],
  others: readonly DraftedResult[],
): readonly DraftedResult[] => {
  const constraints = constraintsOf(conceptPath, results, others);
  return results.map((result, at) => {
    const constraint = constraints[at];
    return constraint === undefined ? result : { ...result, constraint };
  });
};
