/** One page of an answer: the pairs of the question in their order, each resolved. */
import type { AnswerResult } from '@stemedb/model';
import type { Pair } from '../store/store.js';
import { askedPairs } from './asked_pairs.js';
import { constraintsOf } from './constraints.js';
import { rowsPerPair } from './pace.js';
import { resolvePair, type Sitting } from './sitting.js';

export interface Page {
  readonly results: readonly AnswerResult[];
  /** The pair that the next page goes on after; undefined on the last one. */
  readonly next: Pair | undefined;
}

/** Resolves pairs from after the one given until the page is full. */
export const readPage = async (sitting: Sitting, after: Pair | undefined): Promise<Page> => {
  const { results, next } = await resolvePairs(sitting, after);
  const { lens, question } = sitting;
  if (lens.collects === undefined || question.scope.type !== 'concept') return { results, next };
  return { results: constrained(question.scope.conceptPath, results), next };
};

const resolvePairs = async (sitting: Sitting, after: Pair | undefined): Promise<Page> => {
  const { question, lens, gatherer, reading } = sitting;
  const { snapshot, pace } = reading;
  const results: AnswerResult[] = [];
  let last: Pair | undefined;
  for (const pair of askedPairs({ question, lens, snapshot, gatherer }, after)) {
    await pace.spend(rowsPerPair);
    if (pair === undefined) continue;
    if (results.length === question.limit) return { results, next: last };
    const result = await resolvePair(sitting, pair);
    last = pair;
    if (result !== undefined) results.push(result);
  }
  return { results, next: undefined };
};

const constrained = (
  conceptPath: string,
  results: readonly AnswerResult[],
): readonly AnswerResult[] => {
  const constraints = constraintsOf(conceptPath, results);
  return results.map((result, at) => {
    const constraint = constraints[at];
    return constraint === undefined ? result : { ...result, constraint };
  });
};
