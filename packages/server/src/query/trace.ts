/**
 * Where a record comes from and what came of it: up by what it names, down by what rests on it,
 * and beside each the records that supersede or retract it. Bounded in depth and in nodes; what
 * was left out is said where it was. Children are taken by (recorded stamp, id), so that every
 * node of a cluster leaves out the same.
 */
import type { Outcome, RecordContent, RecordId, TraceAnswer, TraceEdge } from '@stemedb/model';
import { fail, formatTime, kindOfNumber, ok } from '@stemedb/model';
import type { Relation } from '../store/keys.js';
import { rowsPerRecord } from './pace.js';
import type { Reading } from './readings.js';
import { Smallest } from './smallest.js';
import { traceNodesOf } from './trace_node.js';
import { type Reference, referencesOf } from './trace_references.js';

export interface TraceQuestion {
  readonly id: RecordId;
  /** Edges up and down, 1..`traceDepthMax`. */
  readonly depth: number;
  /** Nodes in all, 1..`traceNodesMax`. */
  readonly limit: number;
}

/** How a record below names the one above: what rests on it, or belongs to it. */
const relationsDown: readonly Relation[] = [
  'source',
  'derived_from',
  'parent',
  'epoch',
  'epoch_supersedes',
];

/** How a record is taken out, or put in the place of another. */
const relationsBeside: readonly Relation[] = ['supersession', 'replacement'];

/** The part of the nodes that the way up may take: what rests on a record is often more. */
const shareUp = 1 / 2;

class Walk {
  readonly found = new Set<RecordId>();
  /** Nodes of which something was left out. */
  readonly cut = new Set<RecordId>();
  readonly #reading: Reading;
  #nodesMax = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  async from({ id, depth, limit }: TraceQuestion): Promise<void> {
    this.#nodesMax = limit;
    this.found.add(id);
    await this.#beside([id]);
    this.#nodesMax = Math.max(this.found.size, Math.ceil(limit * shareUp));
    await this.#levels(id, depth, (above) => this.#up(above));
    this.#nodesMax = limit;
    await this.#levels(id, depth, (below) => this.#down(below, relationsDown));
  }

  /** The record, as far as it is known at the moment and to this version. */
  async content(id: RecordId): Promise<RecordContent | undefined> {
    const { reader, moment, pace } = this.#reading;
    await pace.spend(rowsPerRecord);
    const read = reader.read(id, moment.stamp);
    const isKnown = read !== undefined && kindOfNumber(read.place.kind) !== undefined;
    return isKnown ? read.record.parsed : undefined;
  }

  async #levels(
    root: RecordId,
    depth: number,
    next: (id: RecordId) => Promise<readonly RecordId[]>,
  ): Promise<void> {
    const seen = new Set([root]);
    let level: readonly RecordId[] = [root];
    for (let at = 0; at <= depth && level.length > 0; at += 1) {
      const reached: RecordId[] = [];
      for (const id of level) {
        for (const one of await next(id)) {
          if (seen.has(one)) continue;
          // Beyond the last level it is only looked whether something is there.
          if (at === depth || !this.#add(one)) {
            if (!this.found.has(one)) this.cut.add(id);
            continue;
          }
          seen.add(one);
          reached.push(one);
        }
      }
      await this.#beside(reached);
      level = reached;
    }
  }

  #add(id: RecordId): boolean {
    if (this.found.has(id)) return true;
    if (this.found.size >= this.#nodesMax) return false;
    this.found.add(id);
    return true;
  }

  async #up(id: RecordId): Promise<readonly RecordId[]> {
    const content = await this.content(id);
    return content === undefined ? [] : referencesOf(content).map(({ to }: Reference) => to);
  }

  /** By recorded stamp and id, and no more than there may be nodes. */
  async #down(id: RecordId, relations: readonly Relation[]): Promise<readonly RecordId[]> {
    const { snapshot, moment, pace } = this.#reading;
    // A record may name another in each of these ways.
    const first = new Smallest<RecordId>(relations.length * (this.#nodesMax + 1));
    for (const relation of relations) {
      for (const { id: one, place } of snapshot.dependants(id, relation)) {
        await pace.spend(1);
        if (place.stamp <= moment.stamp) first.add(place.stamp + one, one);
      }
    }
    return [...new Set(first.values())];
  }

  /** Adds what was said to take these out, and what it puts in their place. */
  async #beside(ids: readonly RecordId[]): Promise<void> {
    for (const id of ids) {
      for (const supersession of await this.#down(id, relationsBeside)) {
        if (!this.#add(supersession)) {
          this.cut.add(id);
          break;
        }
        for (const named of await this.#up(supersession)) {
          if (!this.#add(named)) this.cut.add(supersession);
        }
      }
    }
  }
}

const notHere = (id: RecordId): Outcome<never> =>
  fail({ code: 'not_found', detail: `There is no record with the id ${id} here.` });

/** The trace of a record at the moment of the reading. */
export const traceOf = async (
  reading: Reading,
  question: TraceQuestion,
): Promise<Outcome<TraceAnswer>> => {
  const { id } = question;
  const { moment } = reading;
  const place = reading.snapshot.place(id);
  if (place === undefined || place.stamp > moment.stamp) return notHere(id);
  const walk = new Walk(reading);
  await walk.from(question);
  const nodes = await traceNodesOf(reading, walk.found, walk.cut);
  const edges: TraceEdge[] = [];
  for (const from of walk.found) {
    const content = await walk.content(from);
    if (content === undefined) continue;
    for (const { to, type } of referencesOf(content)) {
      if (walk.found.has(to)) edges.push({ from, to, type });
    }
  }
  return ok({
    id,
    as_of: formatTime(moment.ms),
    as_of_stamp: moment.stamp,
    nodes,
    edges,
    ...(walk.cut.size > 0 ? { truncated: true } : {}),
  });
};
