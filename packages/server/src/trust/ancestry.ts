/**
 * What claims rest on, as a graph in memory, and what follows from it: who falls with whom, and
 * whose chains are too long. Each edge is looked at a few times, however deep the graph is.
 */
import type { RecordId } from '@stemedb/model';
import { premiseDepthMax } from './taint.js';
import type { Turns } from './turns.js';

/** Records with their premises; a premise that stands too far away is no key. */
export type Ancestry = ReadonlyMap<RecordId, readonly RecordId[]>;

/** For each premise the records that rest on it, each as often as it names it. */
type Dependants = ReadonlyMap<RecordId, readonly RecordId[]>;

const dependantsIn = async (above: Ancestry, turns: Turns): Promise<Dependants> => {
  const dependants = new Map<RecordId, RecordId[]>();
  for (const [id, premises] of above) {
    if (turns.isDue(1 + premises.length)) await turns.give();
    for (const premise of premises) {
      const known = dependants.get(premise);
      if (known === undefined) dependants.set(premise, [id]);
      else known.push(id);
    }
  }
  return dependants;
};

/**
 * Records that are out by `retract` or by cascade, with the premise that they fell by (undefined
 * for the retracted themselves): the first of those that lie nearest to what was retracted. At
 * most `premiseDepthMax` edges are followed.
 */
export const fallen = async (
  above: Ancestry,
  isRetracted: (id: RecordId) => boolean,
  turns: Turns,
): Promise<ReadonlyMap<RecordId, RecordId | undefined>> => {
  const out = new Map<RecordId, RecordId | undefined>();
  for (const [id, premises] of above) {
    if (turns.isDue(1 + premises.length)) await turns.give();
    if (isRetracted(id)) out.set(id, undefined);
    for (const premise of premises) if (isRetracted(premise)) out.set(premise, undefined);
  }
  if (out.size === 0) return out;
  const dependants = await dependantsIn(above, turns);
  let level: ReadonlySet<RecordId> = new Set(out.keys());
  for (let edges = 1; edges <= premiseDepthMax && level.size > 0; edges += 1) {
    const falling = new Map<RecordId, RecordId>();
    for (const premise of level) {
      const resting = dependants.get(premise) ?? [];
      if (turns.isDue(1 + resting.length)) await turns.give();
      for (const id of resting) {
        if (out.has(id) || falling.has(id)) continue;
        const premises = above.get(id) ?? [];
        if (turns.isDue(premises.length)) await turns.give();
        falling.set(id, premises.find((one) => level.has(one)) ?? premise);
      }
    }
    for (const [id, premise] of falling) {
      if (turns.isDue()) await turns.give();
      out.set(id, premise);
    }
    level = new Set(falling.keys());
  }
  return out;
};

/**
 * Records with a chain of premises of more than `premiseDepthMax` edges. Ends are peeled off; ids
 * that are hashes form no cycle, and one would count as too deep.
 */
export const deeperThanMax = async (
  above: Ancestry,
  turns: Turns,
): Promise<ReadonlySet<RecordId>> => {
  const dependants = await dependantsIn(above, turns);
  /** Premises whose own chains are not known yet. */
  const open = new Map<RecordId, number>();
  const ends: RecordId[] = [];
  for (const [id, premises] of above) {
    if (turns.isDue(1 + premises.length)) await turns.give();
    const unknown = premises.filter((premise) => above.has(premise)).length;
    if (unknown === 0) ends.push(id);
    else open.set(id, unknown);
  }
  /** Edges of the longest chain of premises; a record with any premise has one of one edge. */
  const lengths = new Map<RecordId, number>();
  for (const id of ends) {
    const resting = dependants.get(id) ?? [];
    if (turns.isDue(1 + resting.length)) await turns.give();
    const own = lengths.get(id) ?? ((above.get(id) ?? []).length > 0 ? 1 : 0);
    lengths.set(id, own);
    for (const one of resting) {
      lengths.set(one, Math.max(lengths.get(one) ?? 0, own + 1));
      const left = (open.get(one) ?? 0) - 1;
      if (left === 0) ends.push(one);
      open.set(one, left);
    }
  }
  const deep = new Set<RecordId>();
  for (const [id, left] of open) if (left > 0) deep.add(id);
  for (const [id, length] of lengths) if (length > premiseDepthMax) deep.add(id);
  return deep;
};
