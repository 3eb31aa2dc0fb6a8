/**
 * Support: how much independent weight stands behind each value (spec 6).
 *
 * The claims of a value are taken by falling weight x. A claim adds its x when, with *all* claims
 * taken so far, one more agent can be paired with an origin of its own. In other words support is
 * the integral over t of the largest matching among the claims with x >= t. Hence it does not
 * depend on the order of equal claims, and a further claim can only raise it.
 */

import { type Groups, Numbering } from './grouping.js';
import type { Candidate } from './lens.js';
import { VoiceMatching } from './matching.js';
import { inRanges, type Pace, zeros } from './pace.js';
import { type RowOrder, sortRows } from './sorting.js';

/** What a claim did for its value's support. */
export const Voice = {
  /** Not looked at: beyond the work limit. */
  leftOut: 0,
  adds: 1,
  /** A voice already speaks through its origin, its author, or both. */
  originSpeaks: 2,
  agentSpeaks: 3,
  bothSpeak: 4,
} as const;

/** Weight of a claim by its position among the candidates. */
export type Weights = readonly number[];

/** Weighs every candidate. */
export function* weigh(
  { candidates }: Groups,
  weight: (candidate: Candidate) => number,
  pace: Pace,
): Generator<void, Weights> {
  const weights = zeros(candidates.length);
  yield* inRanges(weights.length, pace, (from, to) => {
    for (let i = from; i < to; i++) weights[i] = weight(candidates[i] as Candidate);
  });
  return weights;
}

/**
 * The order in which a value's claims stand: by weight, better tier, later effective time,
 * smaller id. The first one represents the value.
 */
export function claimOrder(candidates: readonly Candidate[], weights: Weights): RowOrder {
  return (a, b) => {
    const x = weights[a] as number;
    const y = weights[b] as number;
    if (x !== y) return y - x;
    return tieOrder(candidates[a] as Candidate, candidates[b] as Candidate);
  };
}

function tieOrder(a: Candidate, b: Candidate): number {
  if (a.tier !== b.tier) return a.tier - b.tier;
  if (a.effectiveMs !== b.effectiveMs) return b.effectiveMs - a.effectiveMs;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

export interface Supports {
  /** By value, in whole numbers of 10^-9. */
  readonly support: readonly number[];
  /** Rows whose voice was not searched for, see `searchStepsPerRow`. */
  readonly givenUp: number;
}

/** Claims of a value of which every two are compared; for more, agents and origins are counted. */
const comparedMax = 32;

/** Numbers of agents and origins, by candidate, and by such a number a mark for use in between. */
interface Speakers {
  readonly agentAt: readonly number[];
  readonly originAt: readonly number[];
  /** 0 for none yet, else the number within the value at hand, plus one. */
  readonly agents: number[];
  readonly origins: number[];
}

/** The voices of some groups; supports by several weights share what does not rest on weights. */
export class Voices {
  readonly #groups: Groups;
  readonly #pace: Pace;
  /** Undefined until a value has claims with an agent or an origin in common. */
  #speakers: Speakers | undefined;
  #matching: VoiceMatching | undefined;

  constructor(groups: Groups, pace: Pace) {
    this.#groups = groups;
    this.#pace = pace;
  }

  /**
   * Support by value. Claims are taken in `claimOrder`, so that every node does the same steps.
   * With `notes` (by candidate) it also notes what each claim did.
   */
  *supports(weights: Weights, notes?: Uint8Array): Generator<void, Supports> {
    const { starts } = this.#groups;
    const before = this.#matching?.givenUp ?? 0;
    const support = zeros(starts.length - 1);
    for (let value = 0; value < support.length; value++) {
      const from = starts[value] as number;
      const to = starts[value + 1] as number;
      if (this.#pace.due(to - from)) yield;
      if (this.#areApart(from, to)) support[value] = this.#sum(from, to, weights, notes);
      else if (notes === undefined && this.#areOne(from, to)) {
        support[value] = this.#highest(from, to, weights);
      } else support[value] = yield* this.#value(from, to, weights, notes);
    }
    return { support, givenUp: (this.#matching?.givenUp ?? 0) - before };
  }

  /** True where no two of few claims have an agent or an origin in common: each has a voice. */
  #areApart(from: number, to: number): boolean {
    const { candidates, members, voiceless } = this.#groups;
    if (to - from > comparedMax || voiceless !== undefined) return false;
    for (let i = from + 1; i < to; i++) {
      const { agent, origin } = candidates[members[i] as number] as Candidate;
      for (let k = from; k < i; k++) {
        const other = candidates[members[k] as number] as Candidate;
        if (other.agent === agent || other.origin === origin) return false;
      }
    }
    return true;
  }

  /** True where all of few claims have one agent or one origin: together they have one voice. */
  #areOne(from: number, to: number): boolean {
    const { candidates, members, voiceless } = this.#groups;
    if (to - from > comparedMax || voiceless !== undefined) return false;
    const { agent, origin } = candidates[members[from] as number] as Candidate;
    let isOneAgent = true;
    let isOneOrigin = true;
    for (let i = from + 1; i < to; i++) {
      const other = candidates[members[i] as number] as Candidate;
      isOneAgent &&= other.agent === agent;
      isOneOrigin &&= other.origin === origin;
    }
    return isOneAgent || isOneOrigin;
  }

  /** The highest weight of a value, whose claims have one voice together. */
  #highest(from: number, to: number, weights: Weights): number {
    const { members } = this.#groups;
    let highest = 0;
    for (let i = from; i < to; i++) {
      highest = Math.max(highest, weights[members[i] as number] as number);
    }
    return highest;
  }

  /** All weights of a value, whose claims each have a voice. */
  #sum(from: number, to: number, weights: Weights, notes: Uint8Array | undefined): number {
    const { members } = this.#groups;
    let sum = 0;
    for (let i = from; i < to; i++) {
      const row = members[i] as number;
      sum += weights[row] as number;
      if (notes !== undefined) notes[row] = Voice.adds;
    }
    return sum;
  }

  *#value(
    from: number,
    to: number,
    weights: Weights,
    notes: Uint8Array | undefined,
  ): Generator<void, number> {
    const { candidates, members, starts } = this.#groups;
    const rows = members.slice(from, to);
    yield* sortRows(rows, claimOrder(candidates, weights), this.#pace);
    this.#speakers ??= yield* numbered(candidates, this.#pace);
    const most = yield* this.#mostVoices(rows, this.#speakers);
    this.#matching ??= new VoiceMatching(largestGroup(starts), this.#pace);
    this.#matching.clear(rows.length);
    const taken = { rows, most, weights, notes, matching: this.#matching };
    return yield* this.#take(taken, this.#speakers);
  }

  /** No more voices than distinct agents, nor than distinct origins. */
  *#mostVoices(rows: readonly number[], speakers: Speakers): Generator<void, number> {
    const { agentAt, originAt, agents, origins } = speakers;
    let agentsCount = 0;
    let originsCount = 0;
    yield* inRanges(rows.length, this.#pace, (from, to) => {
      for (let at = from; at < to; at++) {
        const row = rows[at] as number;
        const agent = agentAt[row] as number;
        const origin = originAt[row] as number;
        if (agents[agent] === 0) agentsCount += 1;
        if (origins[origin] === 0) originsCount += 1;
        agents[agent] = 1;
        origins[origin] = 1;
      }
    });
    yield* this.#forget(rows, speakers);
    return Math.min(agentsCount, originsCount);
  }

  /** Takes the rows in their order; stops early when no further voice is possible. */
  *#take(
    { rows, most, weights, notes, matching }: Taken,
    speakers: Speakers,
  ): Generator<void, number> {
    const { agentAt, originAt, agents, origins } = speakers;
    const { voiceless } = this.#groups;
    const edges = new Set<number>();
    let support = 0;
    let agentsCount = 0;
    let originsCount = 0;
    for (const row of rows) {
      if (this.#pace.due()) yield;
      if (voiceless?.[row] === 1) continue;
      if (notes === undefined && matching.voices === most) break;
      const agent = agentAt[row] as number;
      const origin = originAt[row] as number;
      const agentIsNew = agents[agent] === 0;
      const originIsNew = origins[origin] === 0;
      if (agentIsNew) agents[agent] = ++agentsCount;
      if (originIsNew) origins[origin] = ++originsCount;
      const a = (agents[agent] as number) - 1;
      const o = (origins[origin] as number) - 1;
      const edge = a * rows.length + o;
      if (!agentIsNew && !originIsNew && edges.has(edge)) {
        if (notes !== undefined) notes[row] = Voice.bothSpeak;
        continue;
      }
      edges.add(edge);
      const grows = matching.link(a, o) ?? (yield* matching.search(a, o));
      if (grows) support += weights[row] as number;
      if (notes !== undefined) notes[row] = grows ? Voice.adds : silence(agentIsNew, originIsNew);
    }
    yield* this.#forget(rows, speakers);
    return support;
  }

  #forget(
    rows: readonly number[],
    { agentAt, originAt, agents, origins }: Speakers,
  ): Iterable<undefined> {
    return inRanges(rows.length, this.#pace, (from, to) => {
      for (let at = from; at < to; at++) {
        const row = rows[at] as number;
        agents[agentAt[row] as number] = 0;
        origins[originAt[row] as number] = 0;
      }
    });
  }
}

/** The claims of one value on their way to voices. */
interface Taken {
  /** In their order. */
  readonly rows: readonly number[];
  readonly most: number;
  readonly weights: Weights;
  readonly notes: Uint8Array | undefined;
  readonly matching: VoiceMatching;
}

/** Dense numbers from 0 for all agents and origins. */
function* numbered(candidates: readonly Candidate[], pace: Pace): Generator<void, Speakers> {
  const agentAt = zeros(candidates.length);
  const originAt = zeros(candidates.length);
  const agents = new Numbering<number>();
  const origins = new Numbering<number>();
  yield* inRanges(candidates.length, pace, (from, to) => {
    for (let i = from; i < to; i++) {
      const { agent, origin } = candidates[i] as Candidate;
      agentAt[i] = agents.of(agent);
      originAt[i] = origins.of(origin);
    }
  });
  return { agentAt, originAt, agents: zeros(agents.size), origins: zeros(origins.size) };
}

function silence(agentIsNew: boolean, originIsNew: boolean): number {
  if (agentIsNew) return Voice.originSpeaks;
  return originIsNew ? Voice.agentSpeaks : Voice.bothSpeak;
}

function largestGroup(starts: readonly number[]): number {
  let largest = 0;
  for (let v = 0; v + 1 < starts.length; v++) {
    largest = Math.max(largest, (starts[v + 1] as number) - (starts[v] as number));
  }
  return largest;
}
