/**
 * Which part of the pair directory a question covers. Keys order as (path, predicate): a path ends
 * with NUL, which is below every byte that a longer path could have there.
 *
 * What a prefix covers is two ranges with other paths between them: of `a/b` that is `a/b` itself
 * and everything from `a/b/` on; `a/b-c` sorts between the two and belongs to neither.
 */
import type { Pair } from './candidate_loader.js';
import { keyAfter, pairKey, pairText, prefixEnd, tables } from './keys.js';
import type { PairQuery } from './store.js';

export interface KeyRange {
  readonly gte: Buffer;
  readonly lt: Buffer;
}

const ofPrefix = (prefix: Buffer): KeyRange => ({ gte: prefix, lt: prefixEnd(prefix) });

/** The ranges of the directory to walk, in order; none where `after` leaves nothing. */
export function rangesOf(query: PairQuery): readonly KeyRange[] {
  const ranges = scopeRanges(query.scope);
  if (query.after === undefined) return ranges;
  const from = keyAfter(pairKey(pairText(query.after.conceptPath, query.after.predicate)));
  return ranges
    .filter(({ lt }) => lt.compare(from) > 0)
    .map((range) => (range.gte.compare(from) < 0 ? { ...range, gte: from } : range));
}

function scopeRanges(scope: PairQuery['scope']): readonly KeyRange[] {
  switch (scope.type) {
    case 'all':
      return [ofPrefix(Buffer.from([tables.pair]))];
    case 'concept':
      return [ofPrefix(pairKey(`${scope.conceptPath}\0`))];
    case 'prefix':
      if (scope.prefix === '') return scopeRanges({ type: 'all' });
      if (scope.prefix.endsWith('/')) return [ofPrefix(pairKey(scope.prefix))];
      return [ofPrefix(pairKey(`${scope.prefix}\0`)), ofPrefix(pairKey(`${scope.prefix}/`))];
  }
}

/** The pair that a directory key names. */
export function pairOfKey(key: Buffer): Pair {
  const end = key.indexOf(0, 1);
  return { conceptPath: key.toString('utf8', 1, end), predicate: key.toString('utf8', end + 1) };
}
