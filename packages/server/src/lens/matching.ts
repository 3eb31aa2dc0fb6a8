/**
 * How many voices stand behind a value: the largest number of (agent, origin) pairs with no agent
 * and no origin used twice, kept up while edges are added one at a time.
 *
 * Method: Berge's augmenting paths, with the two sides' reachability remembered between edges, as
 * in the decomposition of Dulmage and Mendelsohn (1958). Each vertex is in one of two regions:
 *
 * - `agents` region: no unpaired origin can be reached from it by an alternating path. Closed
 *   forwards; holds every unpaired agent.
 * - `origins` region: it cannot be reached from an unpaired agent. Closed backwards; holds every
 *   unpaired origin.
 *
 * Only an edge from an agent of the first region to an origin of the second can add a voice; all
 * others cost O(1). For such an edge one search goes back to an unpaired agent and one goes on to
 * an unpaired origin. When one fails, all that it has seen changes region and is not looked at
 * again for that reason; when both succeed, the two paths are flipped and *no region changes*.
 * Vertices never become unpaired, so the look-ahead for an unpaired neighbour only moves forward.
 *
 * Bound: without a limit O(voices * edges), which a long path that grows at both ends in turn
 * attains. So a value may follow `searchStepsPerRow` edges for each row that it has; afterwards
 * searches are given up and counted, while pairs of two unpaired ends are still made. The steps
 * depend only on the order of the rows, so every node gives up at the same one. A search follows
 * each edge at most once, so a value of up to `searchStepsPerRow` / 2 rows is always exact; stars,
 * hubs, complete and random graphs of 200,000 rows stay far below (at most about 230 steps a row).
 */
import type { Pace } from './pace.js';

const agentSide = 0;
const originSide = 1;
export type Side = typeof agentSide | typeof originSide;

const none = -1;

/** Edges that the searches of one value may follow, for each of its rows. */
const searchStepsPerRow = 512;

/** One side of the graph; arrays are by vertex. */
interface Vertices {
  /** The partner on the other side, or none. */
  readonly mate: Int32Array;
  /** First and last edge of the vertex's list, and the last edge that look-ahead has passed. */
  readonly first: Int32Array;
  readonly last: Int32Array;
  readonly passed: Int32Array;
  /** 0: agents' region, 1: origins' region. */
  readonly region: Uint8Array;
  /** Number of the last search that saw the vertex. */
  readonly seen: Int32Array;
  /** In a search: the vertex of the other side through which the path to the start goes on. */
  readonly via: Int32Array;
  /** By edge: the edge's end on this side, and the next edge of the same vertex. */
  readonly end: Int32Array;
  readonly next: Int32Array;
}

function vertices(capacity: number): Vertices {
  const numbers = (): Int32Array => new Int32Array(capacity);
  return {
    mate: numbers(),
    first: numbers(),
    last: numbers(),
    passed: numbers(),
    region: new Uint8Array(capacity),
    seen: numbers(),
    via: numbers(),
    end: numbers(),
    next: numbers(),
  };
}

/** Built once for the largest value, then cleared for each: the arrays are its only memory. */
export class VoiceMatching {
  readonly #sides: readonly [Vertices, Vertices];
  readonly #pace: Pace;
  /** Vertices of the start's side, and of the other, in the order a search saw them. */
  readonly #near: Int32Array;
  readonly #far: Int32Array;
  #nearCount = 0;
  #farCount = 0;
  #edges = 0;
  #searches = 0;
  #voices = 0;
  #steps = 0;
  #stepsMax = 0;
  #givenUp = 0;

  /** `capacity`: the most vertices of a side and the most edges that one value may have. */
  constructor(capacity: number, pace: Pace) {
    this.#sides = [vertices(capacity), vertices(capacity)];
    this.#near = new Int32Array(capacity);
    this.#far = new Int32Array(capacity);
    this.#pace = pace;
  }

  get voices(): number {
    return this.#voices;
  }

  /** Edges for which no search was made, since the first clear. */
  get givenUp(): number {
    return this.#givenUp;
  }

  /** Forgets all edges; the graph to come has at most `size` edges and vertices a side. */
  clear(size: number): void {
    for (const side of [agentSide, originSide] as const) {
      const { mate, first, last, passed, region } = this.#sides[side];
      for (const array of [mate, first, last, passed]) array.fill(none, 0, size);
      region.fill(side, 0, size);
    }
    this.#edges = 0;
    this.#voices = 0;
    this.#steps = 0;
    this.#stepsMax = size * searchStepsPerRow;
  }

  /** Adds an edge not added before: true when one more voice can be paired; undefined when only
   * `search`, called next, can say. */
  link(agent: number, origin: number): boolean | undefined {
    this.#link(agentSide, agent);
    this.#link(originSide, origin);
    this.#edges += 1;
    const [agents, origins] = this.#sides;
    if (agents.region[agent] !== agentSide || origins.region[origin] !== originSide) return false;
    if (agents.mate[agent] === none && origins.mate[origin] === none) {
      this.#pair(agent, origin);
      return true;
    }
    if (this.#steps < this.#stepsMax) return undefined;
    this.#givenUp += 1;
    return false;
  }

  /** Looks for a further voice through the edge that was linked last. */
  *search(agent: number, origin: number): Generator<void, boolean> {
    const [agents, origins] = this.#sides;
    const back = agents.mate[agent] === none ? none : yield* this.#search(agentSide, agent);
    if (back === undefined) return false;
    const on = origins.mate[origin] === none ? none : yield* this.#search(originSide, origin);
    if (on === undefined) return false;
    if (back !== none) yield* this.#flip(agentSide, agent, back);
    if (on !== none) yield* this.#flip(originSide, origin, on);
    this.#pair(agent, origin);
    return true;
  }

  #pair(agent: number, origin: number): void {
    const [agents, origins] = this.#sides;
    agents.mate[agent] = origin;
    origins.mate[origin] = agent;
    this.#voices += 1;
  }

  /** Appends the edge being added to its vertex's list; lists are in the order of adding. */
  #link(side: Side, vertex: number): void {
    const { first, last, end, next } = this.#sides[side];
    const edge = this.#edges;
    end[edge] = vertex;
    next[edge] = none;
    const before = last[vertex] as number;
    if (before === none) first[vertex] = edge;
    else next[before] = edge;
    last[vertex] = edge;
  }

  /**
   * From a paired vertex, breadth first through its side's region, to an unpaired vertex of the
   * same side. Returns the *edge* that ends there (`#flip` takes it up), or undefined after
   * moving all that was seen into the other region.
   */
  *#search(side: Side, start: number): Generator<void, number | undefined> {
    const near = this.#sides[side];
    const far = this.#sides[other(side)];
    this.#searches += 1;
    this.#nearCount = 0;
    this.#farCount = 0;
    this.#visit(side, start);
    for (let head = 0; head < this.#farCount; head++) {
      const hub = this.#far[head] as number;
      const found = yield* this.#lookAhead(side, hub);
      if (found !== none) return found;
      for (let edge = far.first[hub] as number; edge !== none; edge = far.next[edge] as number) {
        const vertex = near.end[edge] as number;
        if (near.seen[vertex] !== this.#searches && near.region[vertex] === side) {
          near.via[vertex] = hub;
          this.#visit(side, vertex);
        }
        this.#steps += 1;
        if (this.#pace.due()) yield;
      }
    }
    yield* this.#moveSeen(side);
    return undefined;
  }

  /** Marks a paired vertex and queues its partner when that is in the region too. */
  #visit(side: Side, vertex: number): void {
    const near = this.#sides[side];
    const far = this.#sides[other(side)];
    near.seen[vertex] = this.#searches;
    this.#near[this.#nearCount++] = vertex;
    const mate = near.mate[vertex] as number;
    if (far.region[mate] === side) this.#far[this.#farCount++] = mate;
  }

  /** The edge from `hub` to an unpaired vertex of `side`, or none. */
  *#lookAhead(side: Side, hub: number): Generator<void, number> {
    const near = this.#sides[side];
    const far = this.#sides[other(side)];
    for (;;) {
      const passed = far.passed[hub] as number;
      const edge = (passed === none ? far.first[hub] : far.next[passed]) as number;
      if (edge === none || near.mate[near.end[edge] as number] === none) return edge;
      far.passed[hub] = edge;
      if (this.#pace.due()) yield;
    }
  }

  *#moveSeen(side: Side): Generator<void, void> {
    const near = this.#sides[side];
    const far = this.#sides[other(side)];
    for (let i = 0; i < this.#nearCount; i++) {
      near.region[this.#near[i] as number] = other(side);
      if (this.#pace.due()) yield;
    }
    for (let i = 0; i < this.#farCount; i++) {
      far.region[this.#far[i] as number] = other(side);
      if (this.#pace.due()) yield;
    }
  }

  /** Flips the path that ends with `edge`; afterwards `start` is free for its new partner. */
  *#flip(side: Side, start: number, edge: number): Generator<void, void> {
    const near = this.#sides[side];
    const far = this.#sides[other(side)];
    let vertex = near.end[edge] as number;
    let hub = far.end[edge] as number;
    for (;;) {
      const released = far.mate[hub] as number;
      near.mate[vertex] = hub;
      far.mate[hub] = vertex;
      if (released === start) return;
      vertex = released;
      hub = near.via[vertex] as number;
      if (this.#pace.due()) yield;
    }
  }
}

function other(side: Side): Side {
  return side === agentSide ? originSide : agentSide;
}
