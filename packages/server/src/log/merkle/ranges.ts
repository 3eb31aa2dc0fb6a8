/**
 * Which hashes a proof consists of (RFC 9162 sections 2.1.3.1 and 2.1.4.1), as ranges of leaves:
 * each stands for MTH(D[start:end]). Pure arithmetic; who has the hashes is another matter.
 */

/** Leaves `start` to `end - 1`; `start` is a multiple of the range's length rounded up to 2^k. */
export interface LeafRange {
  readonly start: number;
  readonly end: number;
}

/** A complete subtree: leaves `index * 2^level` to `(index + 1) * 2^level - 1`. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/** PATH(m, D[n]): from the leaf's sibling up. */
export function inclusionRanges(index: number, size: number): readonly LeafRange[] {
  const path: LeafRange[] = [];
  let [start, end] = [0, size];
  while (end - start > 1) {
    const middle = start + leftSize(end - start);
    if (index < middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
    }
  }
  return path.reverse();
}

/** PROOF(m, D[n]) for 0 < m < n; nothing where there is nothing to prove. */
export function consistencyRanges(from: number, to: number): readonly LeafRange[] {
  if (from === 0 || from === to) return [];
  const path: LeafRange[] = [];
  let [start, end] = [0, to];
  // True while the part that is looked at begins where the first tree begins.
  let isWhole = true;
  while (from !== end) {
    const middle = start + leftSize(end - start);
    if (from <= middle) {
      path.push({ start: middle, end });
      end = middle;
    } else {
      path.push({ start, end: middle });
      start = middle;
      isWhole = false;
    }
  }
  if (!isWhole) path.push({ start, end });
  return path.reverse();
}

/** The complete subtrees that a range consists of, from left to right: the largest first. */
export function subtreesOf({ start, end }: LeafRange): readonly Subtree[] {
  const subtrees: Subtree[] = [];
  for (let at = start; at < end; ) {
    let level = 0;
    let size = 1;
    while (at % (2 * size) === 0 && at + 2 * size <= end) {
      level += 1;
      size *= 2;
    }
    subtrees.push({ level, index: at / size });
    at += size;
  }
  return subtrees;
}

/** The largest power of two below `size`, which is at least 2. */
function leftSize(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}
