/**
 * Candidates by value, with dense numbers for agents and origins, and the work limit.
 *
 * The limit (spec 6): support uses at most `supportRowsMax` distinct (value, agent, origin) rows
 * a tier, the earliest recorded first. A row is as old as its first claim in the tier, so a flood
 * recorded later displaces nothing. A claim of a row beyond the limit is still a candidate, but
 * has no voice, and where voices decide it represents its value only when no other claim does.
 */
import type { ValueKey } from '@stemedb/model';
import type { Candidate, LensQuestion } from './lens.js';
import type { Pace } from './pace.js';
import { sortRows } from './sorting.js';

/** Candidates are named by their position in `candidates`, values by their position in `keys`. */
export interface Groups {
  readonly candidates: readonly Candidate[];
  readonly keys: readonly ValueKey[];
  /** By candidate: dense numbers from 0. */
  readonly valueAt: Uint32Array;
  readonly agentAt: Uint32Array;
  readonly originAt: Uint32Array;
  readonly agentsCount: number;
  readonly originsCount: number;
  /** Candidates ordered by value: those of value v stand from starts[v] up to starts[v + 1]. */
  readonly members: Uint32Array;
  readonly starts: Uint32Array;
  /** By candidate: 1 when its row is beyond the work limit; undefined when none is. */
  readonly voiceless: Uint8Array | undefined;
  /** Distinct rows beyond the work limit. */
  readonly truncated: number;
}

/** Gives each distinct key the next number, from 0. */
class Numbering<Key> {
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
  const valueAt = new Uint32Array(count);
  const agentAt = new Uint32Array(count);
  const originAt = new Uint32Array(count);
  const values = new Numbering<ValueKey>();
  const agents = new Numbering<number>();
  const origins = new Numbering<number>();
  for (let i = 0; i < count; i++) {
    const candidate = candidates[i] as Candidate;
    valueAt[i] = values.of(candidate.valueKey);
    agentAt[i] = agents.of(candidate.agent);
    originAt[i] = origins.of(candidate.origin);
    if (pace.due()) yield;
  }
  const indexed = {
    candidates,
    keys: values.keys(),
    valueAt,
    agentAt,
    originAt,
    agentsCount: agents.size,
    originsCount: origins.size,
    ...(yield* orderByValue(valueAt, values.size, pace)),
  };
  return { ...indexed, ...(yield* limitRows(indexed, question.supportRowsMax, pace)) };
}

/** A counting sort of the candidates by value. */
function* orderByValue(
  valueAt: Uint32Array,
  valuesCount: number,
  pace: Pace,
): Generator<void, Pick<Groups, 'members' | 'starts'>> {
  const starts = new Uint32Array(valuesCount + 1);
  for (const value of valueAt) {
    starts[value + 1] = (starts[value + 1] as number) + 1;
    if (pace.due()) yield;
  }
  for (let v = 0; v < valuesCount; v++) {
    starts[v + 1] = (starts[v + 1] as number) + (starts[v] as number);
    if (pace.due()) yield;
  }
  const next = starts.slice();
  const members = new Uint32Array(valueAt.length);
  for (let i = 0; i < valueAt.length; i++) {
    const value = valueAt[i] as number;
    const place = next[value] as number;
    members[place] = i;
    next[value] = place + 1;
    if (pace.due()) yield;
  }
  return { members, starts };
}

type Indexed = Omit<Groups, 'voiceless' | 'truncated'>;

function* limitRows(
  indexed: Indexed,
  rowsMax: number,
  pace: Pace,
): Generator<void, Pick<Groups, 'voiceless' | 'truncated'>> {
  if (indexed.candidates.length <= rowsMax) return { voiceless: undefined, truncated: 0 };
  const byTier = new Map<number, number[]>();
  for (let i = 0; i < indexed.candidates.length; i++) {
    const tier = (indexed.candidates[i] as Candidate).tier;
    const rows = byTier.get(tier);
    if (rows === undefined) byTier.set(tier, [i]);
    else rows.push(i);
    if (pace.due()) yield;
  }
  const voiceless = new Uint8Array(indexed.candidates.length);
  let truncated = 0;
  for (const rows of byTier.values()) {
    if (rows.length <= rowsMax) continue;
    truncated += yield* limitTier(indexed, Uint32Array.from(rows), { rowsMax, voiceless }, pace);
  }
  return truncated === 0 ? { voiceless: undefined, truncated } : { voiceless, truncated };
}

/** Silences the rows of one tier beyond the limit; returns how many distinct rows these are. */
function* limitTier(
  indexed: Indexed,
  rows: Uint32Array,
  { rowsMax, voiceless }: { readonly rowsMax: number; readonly voiceless: Uint8Array },
  pace: Pace,
): Generator<void, number> {
  const { candidates, agentAt, originAt, valueAt } = indexed;
  const earlier = (a: number, b: number): number =>
    earliestFirst(candidates[a] as Candidate, candidates[b] as Candidate);
  yield* sortRows(rows, earlier, pace);
  const pairs = new Numbering<number>();
  const distinct = new Numbering<number>();
  for (const i of rows) {
    const pair = pairs.of((agentAt[i] as number) * indexed.originsCount + (originAt[i] as number));
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
