/** What follows from what claims rest on, round by round over them all: a round is an edge. */
import type { RecordId } from '@stemedb/model';
import type { Ancestry } from '../../src/trust/ancestry.js';
import { premiseDepthMax } from '../../src/trust/taint.js';

export const fallenByRounds = (
  above: Ancestry,
  isRetracted: (id: RecordId) => boolean,
): ReadonlyMap<RecordId, RecordId | undefined> => {
  const out = new Map<RecordId, RecordId | undefined>();
  for (const [id, premises] of above) {
    for (const one of [id, ...premises]) if (isRetracted(one)) out.set(one, undefined);
  }
  for (let round = 1; round <= premiseDepthMax; round += 1) {
    const falling = new Map<RecordId, RecordId>();
    for (const [id, premises] of above) {
      if (out.has(id)) continue;
      const premise = premises.find((one) => out.has(one));
      if (premise !== undefined) falling.set(id, premise);
    }
    for (const [id, premise] of falling) out.set(id, premise);
  }
  return out;
};

export const deeperByRounds = (above: Ancestry): ReadonlySet<RecordId> => {
  let left: ReadonlySet<RecordId> = new Set(above.keys());
  // A record with any premise has a chain of one edge, whether or not the premise was reached.
  let longer = (id: RecordId): boolean => (above.get(id) ?? []).length > 0;
  for (let edges = 1; edges <= premiseDepthMax + 1; edges += 1) {
    const remaining = new Set([...left].filter(longer));
    left = remaining;
    longer = (id) => (above.get(id) ?? []).some((premise) => remaining.has(premise));
  }
  return left;
};
