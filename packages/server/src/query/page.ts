/** One page of an answer: the pairs of the question in their order, each resolved. */
import type { AnswerResult } from '@stemedb/model';
import type { Pair } from '../store/store.js';
import { rowsPerPair } from './pace.js';
import { resolvePair, type Sitting } from './sitting.js';

export interface Page {
  readonly results: readonly AnswerResult[];
  /** The pair that the next page goes on after; undefined on the last one. */
  readonly next: Pair | undefined;
}

/** Resolves pairs from after the one given until the page is full. */
export const readPage = async (sitting: Sitting, after: Pair | undefined): Promise<Page> => {
  const { question, reading } = sitting;
  const results: AnswerResult[] = [];
  let last: Pair | undefined;
  const pairs = reading.snapshot.pairs({
    scope: question.scope,
    ...(after === undefined ? {} : { after }),
  });
  for (const pair of pairs) {
    // Pairs of other predicates are passed over here, not in the store: they are work as well.
    await reading.pace.spend(rowsPerPair);
    if (question.predicate !== undefined && question.predicate !== pair.predicate) continue;
    if (results.length === question.limit) return { results, next: last };
    const result = await resolvePair(sitting, pair);
    last = pair;
    if (result !== undefined) results.push(result);
  }
  return { results, next: undefined };
};
