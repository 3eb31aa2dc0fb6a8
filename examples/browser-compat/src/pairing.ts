/** Two answers to one question about all whole features, side by side. */
import type { DemoResult } from './ports.js';

/** One pair in both; undefined: no answer. */
export interface PairedResults {
  readonly path: string;
  readonly before: DemoResult | undefined;
  readonly after: DemoResult | undefined;
}

type Results = AsyncGenerator<DemoResult, void>;

const nextOf = async (results: Results): Promise<DemoResult | undefined> =>
  (await results.next()).value ?? undefined;

/** The path that comes first. They are ASCII, so UTF-16 units order them as the server's bytes. */
function firstPath(a: DemoResult | undefined, b: DemoResult | undefined): string {
  if (a === undefined || b === undefined) return (a ?? b)?.concept_path ?? '';
  return a.concept_path < b.concept_path ? a.concept_path : b.concept_path;
}

/** Joins two streams that are ordered by path, holding one result of each. */
export async function* pairResults(
  before: Results,
  after: Results,
): AsyncGenerator<PairedResults, void> {
  let left = await nextOf(before);
  let right = await nextOf(after);
  while (left !== undefined || right !== undefined) {
    const path = firstPath(left, right);
    const pair: PairedResults = {
      path,
      before: left?.concept_path === path ? left : undefined,
      after: right?.concept_path === path ? right : undefined,
    };
    yield pair;
    if (pair.before !== undefined) left = await nextOf(before);
    if (pair.after !== undefined) right = await nextOf(after);
  }
}
