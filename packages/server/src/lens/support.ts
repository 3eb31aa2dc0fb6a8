/**
 * Support: how much independent weight stands behind each value (spec 6).
 *
 * The claims of a value are taken by falling weight x. A claim adds its x when, with *all* claims
 * taken so far, one more agent can be paired with an origin of its own. In other words support is
 * the integral over t of the largest matching among the claims with x >= t. Hence it does not
 * depend on the order of equal claims, and a further claim can only raise it.
 */

import type { Groups } from './grouping.js';
import type { Candidate } from './lens.js';
import { VoiceMatching } from './matching.js';
import type { Pace } from './pace.js';
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
export type Weights = Float64Array;

/** Weighs every candidate. */
export function* weigh(
  groups: Groups,
  weight: (candidate: Candidate) => number,
  pace: Pace,
): Generator<void, Weights> {
  const weights = new Float64Array(groups.candidates.length);
  for (let i = 0; i < weights.length; i++) {
    weights[i] = weight(groups.candidates[i] as Candidate);
    if (pace.due()) yield;
  }
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
  readonly support: Float64Array;
  /** Rows whose voice was not searched for, see `searchStepsPerRow`. */
  readonly givenUp: number;
}

/**
 * Support by value. Claims are taken in `claimOrder`, so that every node does the same steps.
 * With `voices` (by candidate) it also notes what each claim did.
 */
export function* supportByValue(
  groups: Groups,
  weights: Weights,
  pace: Pace,
  voices?: Uint8Array,
): Generator<void, Supports> {
  const { starts, members } = groups;
  const support = new Float64Array(groups.keys.length);
  const run = new SupportRun(groups, weights, pace, voices);
  for (let value = 0; value < support.length; value++) {
    const rows = members.subarray(starts[value], starts[value + 1]);
    if (pace.due()) yield;
    support[value] = rows.length === 1 ? run.single(rows[0] as number) : yield* run.value(rows);
  }
  return { support, givenUp: run.givenUp };
}

/** Scratch arrays shared by the values of one call. */
class SupportRun {
  readonly #groups: Groups;
  readonly #weights: Weights;
  readonly #pace: Pace;
  readonly #voices: Uint8Array | undefined;
  /** Number within the value at hand, 0 for none yet, by the resolution's number. */
  readonly #agents: Uint32Array;
  readonly #origins: Uint32Array;
  /** Undefined until a value has more than one claim. */
  #matching: VoiceMatching | undefined;

  constructor(groups: Groups, weights: Weights, pace: Pace, voices: Uint8Array | undefined) {
    this.#groups = groups;
    this.#weights = weights;
    this.#pace = pace;
    this.#voices = voices;
    this.#agents = new Uint32Array(groups.agentsCount);
    this.#origins = new Uint32Array(groups.originsCount);
  }

  get givenUp(): number {
    return this.#matching?.givenUp ?? 0;
  }

  single(row: number): number {
    if (this.#groups.voiceless?.[row] === 1) return 0;
    this.#note(row, Voice.adds);
    return this.#weights[row] as number;
  }

  *value(members: Uint32Array): Generator<void, number> {
    const rows = members.slice();
    yield* sortRows(rows, claimOrder(this.#groups.candidates, this.#weights), this.#pace);
    const most = yield* this.#mostVoices(rows);
    this.#matching ??= new VoiceMatching(largestGroup(this.#groups.starts), this.#pace);
    this.#matching.clear(rows.length);
    return yield* this.#take(rows, most, this.#matching);
  }

  /** No more voices than distinct agents, nor than distinct origins. */
  *#mostVoices(rows: Uint32Array): Generator<void, number> {
    let agents = 0;
    let origins = 0;
    for (const row of rows) {
      const agent = this.#groups.agentAt[row] as number;
      const origin = this.#groups.originAt[row] as number;
      if (this.#agents[agent] === 0) agents += 1;
      if (this.#origins[origin] === 0) origins += 1;
      this.#agents[agent] = 1;
      this.#origins[origin] = 1;
      if (this.#pace.due()) yield;
    }
    yield* this.#forget(rows);
    return Math.min(agents, origins);
  }

  /** Takes the rows in their order; stops early when no further voice is possible. */
  *#take(rows: Uint32Array, most: number, matching: VoiceMatching): Generator<void, number> {
    const { agentAt, originAt, voiceless } = this.#groups;
    const edges = new Set<number>();
    let support = 0;
    let agents = 0;
    let origins = 0;
    for (const row of rows) {
      if (this.#pace.due()) yield;
      if (voiceless?.[row] === 1) continue;
      if (this.#voices === undefined && matching.voices === most) break;
      const agent = agentAt[row] as number;
      const origin = originAt[row] as number;
      const agentIsNew = this.#agents[agent] === 0;
      const originIsNew = this.#origins[origin] === 0;
      if (agentIsNew) this.#agents[agent] = ++agents;
      if (originIsNew) this.#origins[origin] = ++origins;
      const a = (this.#agents[agent] as number) - 1;
      const o = (this.#origins[origin] as number) - 1;
      const edge = a * rows.length + o;
      if (!agentIsNew && !originIsNew && edges.has(edge)) {
        this.#note(row, Voice.bothSpeak);
        continue;
      }
      edges.add(edge);
      const grows = yield* matching.add(a, o);
      if (grows) support += this.#weights[row] as number;
      this.#note(row, grows ? Voice.adds : silence(agentIsNew, originIsNew));
    }
    yield* this.#forget(rows);
    return support;
  }

  *#forget(rows: Uint32Array): Generator<void, void> {
    for (const row of rows) {
      this.#agents[this.#groups.agentAt[row] as number] = 0;
      this.#origins[this.#groups.originAt[row] as number] = 0;
      if (this.#pace.due()) yield;
    }
  }

  #note(row: number, voice: number): void {
    if (this.#voices !== undefined) this.#voices[row] = voice;
  }
}

function silence(agentIsNew: boolean, originIsNew: boolean): number {
  if (agentIsNew) return Voice.originSpeaks;
  return originIsNew ? Voice.agentSpeaks : Voice.bothSpeak;
}

function largestGroup(starts: Uint32Array): number {
  let largest = 0;
  for (let v = 0; v + 1 < starts.length; v++) {
    largest = Math.max(largest, (starts[v + 1] as number) - (starts[v] as number));
  }
  return largest;
}
