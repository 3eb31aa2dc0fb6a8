/**
 * The pairs that a question is answered by, in the order of the answer: bytewise by (path,
 * predicate).
 *
 * - Of a concept: its own predicates and those of every concept that its aliases join to it.
 * - Of a prefix: the pairs that have claims of their own under it.
 * - Of a lens that collects: the chosen predicates of the concept and of each of its ancestors.
 */
import type { Lens } from '../lens/lens.js';
import type { Pair } from '../store/candidate_loader.js';
import type { StoreSnapshot } from '../store/store.js';
import { compareBytes } from './byte_order.js';
import { isCollected, pathsAsked } from './constraints.js';
import type { ClaimGatherer } from './gathering.js';
import type { Question } from './question.js';

interface AskedOver {
  readonly question: Question;
  readonly lens: Lens;
  readonly snapshot: StoreSnapshot;
  readonly gatherer: ClaimGatherer;
}

/** The pairs of a question after the one given; undefined stands for one that is passed over,
 * which is work as well. */
export function* askedPairs(over: AskedOver, after: Pair | undefined): Generator<Pair | undefined> {
  const { question, lens } = over;
  const { predicate } = question;
  for (const pair of pairsOfScope(over, after)) {
    const wanted = predicate === undefined || predicate === pair.predicate;
    const collected = lens.collects === undefined || isCollected(lens.collects, pair.predicate);
    yield wanted && collected ? pair : undefined;
  }
}

function* pairsOfScope(over: AskedOver, after: Pair | undefined): Generator<Pair> {
  const { question, lens, snapshot } = over;
  const { scope } = question;
  if (scope.type === 'prefix') {
    yield* snapshot.pairs(after === undefined ? { scope } : { scope, after });
    return;
  }
  const { conceptPath } = scope;
  const paths = lens.collects === undefined ? [conceptPath] : pathsAsked(conceptPath);
  const begun = after === undefined ? 0 : Math.max(0, paths.indexOf(after.conceptPath));
  for (const path of paths.slice(begun)) {
    yield* pairsOfConcept(over, path, path === after?.conceptPath ? after.predicate : undefined);
  }
}

function* pairsOfConcept(
  { question, lens, snapshot, gatherer }: AskedOver,
  conceptPath: string,
  afterPredicate: string | undefined,
): Generator<Pair> {
  const { predicate } = question;
  if (predicate !== undefined && lens.collects === undefined) {
    // One pair, whether or not it has claims: who gathers them finds out anyway.
    if (afterPredicate === undefined) yield { conceptPath, predicate };
    return;
  }
  const { paths } = gatherer.joined(conceptPath);
  const lists = paths.map((path) => {
    const scope = { type: 'concept', conceptPath: path } as const;
    return snapshot.pairs(
      afterPredicate === undefined
        ? { scope }
        : { scope, after: { conceptPath: path, predicate: afterPredicate } },
    );
  });
  const [own] = lists;
  if (lists.length === 1 && own !== undefined) yield* own;
  else for (const predicate of mergedPredicates(lists)) yield { conceptPath, predicate };
}

/** The predicates of several ordered lists of pairs, each once, in bytewise order. */
function* mergedPredicates(lists: readonly Iterable<Pair>[]): Generator<string> {
  const iterators = lists.map((list) => list[Symbol.iterator]());
  try {
    const heads = iterators.map((each) => headOf(each));
    for (;;) {
      let least: string | undefined;
      for (const head of heads) {
        if (head === undefined) continue;
        if (least === undefined || compareBytes(head, least) < 0) least = head;
      }
      if (least === undefined) return;
      for (const [at, iterator] of iterators.entries()) {
        if (heads[at] === least) heads[at] = headOf(iterator);
      }
      yield least;
    }
  } finally {
    for (const iterator of iterators) iterator.return?.();
  }
}

const headOf = (iterator: Iterator<Pair>): string | undefined => {
  const next = iterator.next();
  return next.done === true ? undefined : next.value.predicate;
};
