/**
 * Candidates by value, with the work limit.
 *
 * The limit (spec 6): support uses at most `supportRowsMax` distinct (value, agent, origin) rows
 * a tier, the earliest recorded first. A row is as old as its first claim in the tier, so a flood
 * recorded later displaces nothing. A claim of a row beyond the limit is still a candidate, but
 * has no voice, and where voices decide it represents its value only when no other claim does.
 */
import type { ValueKey } from '@stemedb/model';
import type { Candidate, LensQuestion } from './lens.js';
import { inRanges, type Pace, zeros } from './pace.js';
import { sortRows } from './sorting.js';

/** Candidates are named by their position in `candidates`, values by their position in `keys`. */
export interface Groups {
  readonly candidates: readonly Candidate[];
  readonly keys: readonly ValueKey[];
  /** Candidates ordered by value: those of value v stand from starts[v] up to starts[v + 1]. */
  readonly members: readonly number[];
  readonly starts: readonly number[];
  /** By candidate: 1 when its row is beyond the work limit; undefined when none is. */
  readonly voiceless: Uint8Array | undefined;
  /** Distinct rows beyond the work limit. */
  readonly truncated: number;
}

/** Gives each distinct key the next number, from 0. */
export class Numbering<Key> {
  readonly #numbers = new Map<Key, number>();

  of(key: Key): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(key, number);
    return number;
  }

  get size(): number {
    return this.#numbers.size;
  }

  keys(): Key[] {
    return [...this.#numbers.keys()];
  }
}

/** Groups candidates (never none) and applies the work limit. */
export function* groupByValue(
  candidates: readonly Candidate[],
  question: LensQuestion,
  pace: Pace,
): Generator<void, Groups> {
  const count = candidates.length;
  const valueAt = zeros(count);
  const values = new Numbering<ValueKey>();
  yield* inRanges(count, pace, (from, to) => {
    for (let i = from; i < to; i++) valueAt[i] = values.of((candidates[i] as Candidate).valueKey);
  });
  const starts = zeros(values.size + 1);
  const members = zeros(count);
  yield* orderByValue(valueAt, starts, members, pace);
  const grouped = { candidates, keys: values.keys(), members, starts };
  const rowsMax = question.supportRowsMax;
  if (count <= rowsMax) return withLimit(grouped, nothingLimited);
  return withLimit(grouped, yield* limitRows({ candidates, valueAt, rowsMax }, pace));
}

type Limit = Pick<Groups, 'voiceless' | 'truncated'>;

const nothingLimited: Limit = { voiceless: undefined, truncated: 0 };

const withLimit = (
  { candidates, keys, members, starts }: Omit<Groups, keyof Limit>,
  { voiceless, truncated }: Limit,
): Groups => ({ candidates, keys, members, starts, voiceless, truncated });

/** A counting sort of the candidates by value. */
function* orderByValue(
  valueAt: readonly number[],
  starts: number[],
  members: number[],
  pace: Pace,
): Generator<void, void> {
  const next = zeros(starts.length);
  yield* inRanges(valueAt.length, pace, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = valueAt[i] as number;
      next[value] = (next[value] as number) + 1;
    }
  });
  yield* inRanges(starts.length - 1, pace, (from, to) => {
    for (let v = from; v < to; v++) {
      const start = starts[v] as number;
      starts[v + 1] = start + (next[v] as number);
      next[v] = start;
    }
  });
  yield* inRanges(valueAt.length, pace, (from, to) => {
    for (let i = from; i < to; i++) {
      const value = valueAt[i] as number;
      const place = next[value] as number;
      members[place] = i;
      next[value] = place + 1;
    }
  });
}

interface Limited {
  readonly candidates: readonly Candidate[];
  readonly valueAt: readonly number[];
  readonly rowsMax: number;
}

function* limitRows(limited: Limited, pace: Pace): Generator<void, Limit> {
  const { candidates, rowsMax } = limited;
  const byTier = new Map<number, number[]>();
  for (let i = 0; i < candidates.length; i++) {
    const tier = (candidates[i] as Candidate).tier;
    const rows = byTier.get(tier);
    if (rows === undefined) byTier.set(tier, [i]);
    else rows.push(i);
    if (pace.due()) yield;
  }
  const voiceless = new Uint8Array(candidates.length);
  let truncated = 0;
  for (const rows of byTier.values()) {
    if (rows.length > rowsMax) truncated += yield* limitTier(limited, rows, voiceless, pace);
  }
  return truncated === 0 ? nothingLimited : { voiceless, truncated };
}

/** Silences the rows of one tier beyond the limit; returns how many distinct rows these are. */
function* limitTier(
  { candidates, valueAt, rowsMax }: Limited,
  rows: number[],
  voiceless: Uint8Array,
  pace: Pace,
): Generator<void, number> {
  const earlier = (a: number, b: number): number =>
    earliestFirst(candidates[a] as Candidate, candidates[b] as Candidate);
  yield* sortRows(rows, earlier, pace);
  const [agents, origins] = [new Numbering<number>(), new Numbering<number>()];
  const pairs = new Numbering<number>();
  const distinct = new Numbering<number>();
  for (const i of rows) {
    const { agent, origin } = candidates[i] as Candidate;
    const pair = pairs.of(agents.of(agent) * rows.length + origins.of(origin));
    const row = distinct.of((valueAt[i] as number) * rows.length + pair);
    if (row >= rowsMax) voiceless[i] = 1;
    if (pace.due()) yield;
  }
  return Math.max(0, distinct.size - rowsMax);
}

function earliestFirst(a: Candidate, b: Candidate): number {
  if (a.stamp !== b.stamp) return a.stamp < b.stamp ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}
