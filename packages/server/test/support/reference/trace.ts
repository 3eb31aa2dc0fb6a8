/** What the trace of a record is, restated from the records alone, without a bound on nodes. */
import {
  decodeStored,
  type HlcStamp,
  type JsonObject,
  parseKind,
  type RecordId,
  recordIdOf,
} from '@stemedb/model';
import type { MergeRecord } from '../../../src/ingest/ingest.js';

interface Known {
  readonly id: RecordId;
  readonly content: JsonObject;
}

/** How records name others, by kind: the member and what the edge is called. */
const members: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  assertion: [
    ['source', 'source'],
    ['derived_from', 'derived_from'],
    ['parent', 'parent'],
    ['epoch', 'epoch'],
  ],
  attestation: [['target', 'target']],
  vote: [['target', 'target']],
  verdict: [['target', 'target']],
  supersession: [
    ['target', 'target'],
    ['replacement', 'replacement'],
  ],
  epoch: [['supersedes', 'supersedes']],
};

const down: ReadonlySet<string> = new Set([
  ...['source', 'derived_from', 'parent', 'epoch', 'supersedes'],
]);

interface Edge {
  readonly from: string;
  readonly to: string;
  readonly type: string;
}

const edgesOf = ({ id, content }: Known): readonly Edge[] =>
  (members[String(content.kind)] ?? []).flatMap(([member, type]) => {
    const value = content[member];
    const named = value === undefined ? [] : [value].flat();
    return named.map((to) => ({ from: id, to: String(to), type }));
  });

/** The nodes and edges, sorted, and whether more hangs on it than `depth` steps show. */
export const referenceTrace = (
  records: readonly MergeRecord[],
  asOf: HlcStamp,
  root: RecordId,
  depth: number,
): { readonly nodes: readonly string[]; readonly edges: readonly string[]; cut: boolean } => {
  const known = new Map<string, Known>();
  for (const { bytes, stamp } of records) {
    const content = decodeStored(bytes) as unknown as JsonObject;
    if (stamp > asOf || parseKind(String(content.kind)) === undefined) continue;
    const id = recordIdOf(bytes);
    known.set(id, { id, content });
  }
  const all = [...known.values()].flatMap(edgesOf);
  const found = new Set<string>([root]);
  let cut = false;
  const walk = (next: (id: string) => readonly string[]): ReadonlySet<string> => {
    const seen = new Set<string>([root]);
    let level: readonly string[] = [root];
    for (let at = 0; at < depth; at += 1) {
      level = [...new Set(level.flatMap(next))].filter((id) => !seen.has(id));
      for (const id of level) seen.add(id);
    }
    return seen;
  };
  const above = (id: string): readonly string[] =>
    all.filter(({ from }) => from === id).map(({ to }) => to);
  const below = (id: string): readonly string[] =>
    all.filter(({ to, type }) => to === id && down.has(type)).map(({ from }) => from);
  const [up, under] = [walk(above), walk(below)];
  for (const id of [...up, ...under]) {
    found.add(id);
    for (const { from, type } of all.filter(({ to }) => to === id)) {
      if (type !== 'target' && type !== 'replacement') continue;
      if (known.get(from)?.content.kind !== 'supersession') continue;
      found.add(from);
      for (const named of above(from)) found.add(named);
    }
  }
  for (const id of up) if (above(id).some((one) => !found.has(one))) cut = true;
  for (const id of under) if (below(id).some((one) => !found.has(one))) cut = true;
  const edges = all.filter(({ from, to }) => found.has(from) && found.has(to));
  const texts = edges.map(({ from, to, type }) => `${from} ${type} ${to}`);
  return { nodes: [...found].sort(), edges: [...new Set(texts)].sort(), cut };
};
