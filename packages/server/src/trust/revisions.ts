/**
 * Which claims of a pair took the place of which (spec 1.1, "Revisions").
 *
 * Claims and the children that take their places form trees; each tree has at most one head, the
 * claim that is reached from its root by following the last child, by (effective time, id), of
 * those that are in. All others of the tree are succeeded by the next claim that is in on that way.
 *
 * A child that is out takes no place, so what it revised comes back; but where a claim that is in
 * carries it on, it hands the place down: retracting the middle of a chain does not bring back its
 * beginning. Epochs and filters play no part: they leave claims out, they do not undo revisions.
 */
import type { HlcStamp, RecordId } from '@stemedb/model';
import { stampMs } from '@stemedb/model';
import type { Lineage } from './lineage.js';
import type { RevisableClaim, Standing } from './rules.js';
import type { Taint, TaintReason } from './taint.js';
import { isInitial } from './transitions.js';
import { type Turns, workPerRecord } from './turns.js';

/** Records that judging one claim reads: itself and its parent, each with its author. */
const recordsPerClaim = 4;

/** A claim among the others of its tree. */
interface Node {
  readonly claim: RevisableClaim;
  /** Whose place it takes; undefined: the root of a tree. */
  parent: Node | undefined;
  readonly children: Node[];
  isOut: boolean;
  /** True when it, or a claim below it, is in. */
  isLive: boolean;
}

const comesAfter = (one: RevisableClaim, other: RevisableClaim): boolean => {
  const difference = effectiveMs(one) - effectiveMs(other);
  return difference === 0 ? one.id > other.id : difference > 0;
};

const effectiveMs = (claim: RevisableClaim): number =>
  Math.min(claim.assertedMs, stampMs(claim.stamp));

export class Revisions {
  readonly #lineage: Lineage;
  readonly #taint: Taint | undefined;
  readonly #asOf: HlcStamp;
  readonly #turns: Turns;

  constructor(parts: {
    readonly lineage: Lineage;
    readonly taint: Taint | undefined;
    readonly asOf: HlcStamp;
    readonly turns: Turns;
  }) {
    this.#lineage = parts.lineage;
    this.#taint = parts.taint;
    this.#asOf = parts.asOf;
    this.#turns = parts.turns;
  }

  /** The standings of the claims of one pair, as `ClaimRules.standings` gives them. */
  async standings(claims: readonly RevisableClaim[]): Promise<ReadonlyMap<RecordId, Standing>> {
    const standings = new Map<RecordId, Standing>();
    const judged = claims.filter((claim) => claim.hasParent || !isInitial(claim.lifecycle));
    for (const { id, lifecycle: stated } of judged) {
      if (this.#turns.isDue(recordsPerClaim * workPerRecord)) await this.#turns.give();
      const transitionsOf = this.#lineage.transitionsOf(id);
      const lifecycle = this.#lineage.judgementOf(id)?.lifecycle ?? stated;
      if (transitionsOf.length > 0) standings.set(id, { lifecycle, transitionsOf });
      else if (lifecycle !== stated) standings.set(id, { lifecycle });
    }
    if (!judged.some((claim) => claim.hasParent)) return standings;
    const family = await this.#family(claims);
    for (const [{ claim }, successor] of await successors(family, this.#turns)) {
      if (this.#turns.isDue()) await this.#turns.give();
      const standing = standings.get(claim.id) ?? { lifecycle: claim.lifecycle };
      standings.set(claim.id, { ...standing, succeededBy: successor.claim.id });
    }
    return standings;
  }

  /** The claims that took a place or lost one, linked. */
  async #family(claims: readonly RevisableClaim[]): Promise<readonly Node[]> {
    const byId = new Map(claims.map((claim) => [claim.id, claim]));
    const nodes = new Map<RecordId, Node>();
    const nodeOf = (claim: RevisableClaim): Node => {
      const known = nodes.get(claim.id);
      if (known !== undefined) return known;
      const node = { claim, parent: undefined, children: [], isOut: false, isLive: false };
      nodes.set(claim.id, node);
      return node;
    };
    for (const claim of claims) {
      if (!claim.hasParent) continue;
      if (this.#turns.isDue(workPerRecord)) await this.#turns.give();
      const id = this.#lineage.predecessorOf(claim.id);
      const predecessor = id === undefined ? undefined : byId.get(id);
      if (predecessor === undefined) continue;
      const [node, parent] = [nodeOf(claim), nodeOf(predecessor)];
      node.parent = parent;
      parent.children.push(node);
    }
    const taints = await this.#taints([...nodes.keys()]);
    for (const [id, node] of nodes) node.isOut = taints?.get(id)?.out === true;
    return [...nodes.values()];
  }

  async #taints(ids: readonly RecordId[]): Promise<ReadonlyMap<RecordId, TaintReason> | undefined> {
    return ids.length === 0 ? undefined : this.#taint?.tainted(ids, this.#asOf);
  }
}

/** Who took whose place: each claim that is not a head, with the one that stands for it. */
const successors = async (
  nodes: readonly Node[],
  turns: Turns,
): Promise<ReadonlyMap<Node, Node>> => {
  const roots = nodes.filter((node) => node.parent === undefined);
  const topDown = await withAllBelow(roots, turns);
  for (const node of topDown.toReversed()) {
    if (turns.isDue(1 + node.children.length)) await turns.give();
    node.isLive = !node.isOut || node.children.some((child) => child.isLive);
  }
  const found = new Map<Node, Node>();
  for (const root of roots) await succeedTree(root, found, turns);
  return found;
};

/** Nodes and those below them, each after the one above it. */
const withAllBelow = async (nodes: readonly Node[], turns: Turns): Promise<readonly Node[]> => {
  const all = [...nodes];
  for (const node of all) {
    if (turns.isDue(1 + node.children.length)) await turns.give();
    // One by one: a claim may have more children than a call takes arguments.
    for (const child of node.children) all.push(child);
  }
  return all;
};

const succeedTree = async (root: Node, found: Map<Node, Node>, turns: Turns): Promise<void> => {
  const way = await wayToHead(root, turns);
  let successor: Node | undefined;
  for (const [at, node] of [...way.entries()].toReversed()) {
    if (turns.isDue(1 + node.children.length)) await turns.give();
    if (successor !== undefined) {
      found.set(node, successor);
      const next = way[at + 1];
      // What stands below a sibling that came earlier stays out with it.
      const others = node.children.filter((child) => child !== next);
      for (const one of await withAllBelow(others, turns)) found.set(one, successor);
    }
    if (!node.isOut) successor = node;
  }
};

/** From a root down to its head, which is the last on the way that is in. */
const wayToHead = async (root: Node, turns: Turns): Promise<readonly Node[]> => {
  const way = [root];
  for (let at: Node | undefined = root; at !== undefined; ) {
    if (turns.isDue(1 + at.children.length)) await turns.give();
    at = lastLive(at.children);
    if (at !== undefined) way.push(at);
  }
  return way;
};

const lastLive = (nodes: readonly Node[]): Node | undefined => {
  let last: Node | undefined;
  for (const node of nodes) {
    if (!node.isLive) continue;
    if (last === undefined || comesAfter(node.claim, last.claim)) last = node;
  }
  return last;
};
