/**
 * The store as it would be written by somebody who has all the time in the world: everything is
 * computed from the list of records at each question. And the dump that both are compared by.
 */
import { type HlcStamp, type RecordContent, type RecordId, valueKeyOf } from '@stemedb/model';
import type { Pair } from '../../src/store/candidate_loader.js';
import { referencesOf } from '../../src/store/index_record.js';
import { type Relation, relations } from '../../src/store/keys.js';
import { originOf } from '../../src/store/origin.js';
import type { ApplicableRecord, StoreSnapshot } from '../../src/store/store.js';
import { agents, stampOf } from './histories.js';

const latest = stampOf(2 ** 40);
const relationNames = Object.keys(relations) as readonly Relation[];
const kinds = [3, 4, 5, 6, 7, 8, 9];

interface Distinct extends ApplicableRecord {
  /** Sequence of the first frame. */
  readonly home: number;
}

const proofs = ['signature', 'credential', 'node'];

/** By stamp, then proof, then order of arrival. */
const byRank = (a: ApplicableRecord, b: ApplicableRecord): number =>
  bytewise(a.stamp, b.stamp) ||
  proofs.indexOf(a.proof) - proofs.indexOf(b.proof) ||
  a.sequence - b.sequence;

/** Each id once, in the frame that counts, in the order of their first frames. */
function distinct(history: readonly ApplicableRecord[]): readonly Distinct[] {
  const frames = new Map<RecordId, ApplicableRecord[]>();
  for (const record of history) frames.set(record.id, [...(frames.get(record.id) ?? []), record]);
  return [...frames.values()].flatMap((list) => {
    const home = list[0]?.sequence ?? 0;
    return [...list]
      .sort(byRank)
      .slice(0, 1)
      .map((record) => ({ ...record, home }));
  });
}

const bytewise = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

export const comparePairs = (a: Pair, b: Pair): number =>
  bytewise(a.conceptPath, b.conceptPath) || bytewise(a.predicate, b.predicate);

/** Every pair of a history, in order. */
export function expectedPairs(history: readonly ApplicableRecord[]): readonly Pair[] {
  const pairs = new Map<string, Pair>();
  for (const { content } of history) {
    if (content?.kind !== 'assertion') continue;
    const pair = { conceptPath: content.concept_path, predicate: content.predicate };
    pairs.set(JSON.stringify(pair), pair);
  }
  return [...pairs.values()].sort(comparePairs);
}

function expectedRow(record: Distinct, content: RecordContent & { kind: 'assertion' }) {
  return {
    sequence: record.home,
    id: record.id,
    valueKey: valueKeyOf(content.value, content.unit),
    agent: content.agent_id,
    origin: originOf(content),
    className: content.source_class,
    confidence: content.confidence ?? 1,
    assertedMs: content.asserted_at,
    stamp: record.stamp,
    lifecycle: content.lifecycle ?? 'proposed',
    epoch: content.epoch,
    hasParent: content.parent !== undefined,
    hasReferences:
      content.source !== undefined ||
      content.epoch !== undefined ||
      (content.derived_from ?? []).length > 0,
  };
}

type DumpedRow = ReturnType<typeof expectedRow>;

const byRowKey = (a: DumpedRow, b: DumpedRow): number =>
  bytewise(a.valueKey, b.valueKey) || a.sequence - b.sequence;

/** What a snapshot must say after this history, at this moment. */
export function expectedDump(history: readonly ApplicableRecord[], asOf: HlcStamp = latest) {
  const records = distinct(history);
  const assertions = records.flatMap((record) =>
    record.content?.kind === 'assertion' ? [{ record, content: record.content }] : [],
  );
  const listed = (matches: (record: ApplicableRecord) => boolean): readonly RecordId[] =>
    records.filter(matches).map((record) => record.id);
  const targets = new Set(records.flatMap(({ content }) => referencedBy(content)));
  return {
    appliedSequence: history.length,
    visibleStamp:
      history
        .map(({ stamp }) => stamp)
        .sort()
        .at(-1) ?? '',
    assertionCount: assertions.length,
    recordCount: records.length,
    places: records.map(({ id, home, sequence, offset, kind, shard, stamp }) => ({
      id,
      home,
      place: { sequence, offset, kind, shard, stamp },
    })),
    rows: expectedPairs(history).map((pair) => ({
      pair,
      rows: assertions
        .filter(({ content }) => content.concept_path === pair.conceptPath)
        .filter(({ content }) => content.predicate === pair.predicate)
        .map(({ record, content }) => expectedRow(record, content))
        .filter(({ stamp }) => stamp <= asOf)
        .sort(byRowKey),
    })),
    kinds: kinds.map((kind) =>
      listed((record) => record.kind === kind && record.content !== undefined),
    ),
    agents: agents.map((agent) => listed(({ content }) => content?.agent_id === agent)),
    references: [...targets].sort().map((target) => ({
      target,
      by: relationNames.map((relation) =>
        listed(({ content }) =>
          (content === undefined ? [] : referencesOf(content)).some(
            ([name, to]) => name === relation && to === target,
          ),
        ),
      ),
    })),
  };
}

const referencedBy = (content: RecordContent | undefined): readonly RecordId[] =>
  content === undefined ? [] : referencesOf(content).map(([, target]) => target);

export type Dump = ReturnType<typeof expectedDump>;

/** The same read from a snapshot, through its public door only. */
export async function dumpOf(
  snapshot: StoreSnapshot,
  expected: Dump,
  asOf: HlcStamp = latest,
): Promise<Dump> {
  const rows: Dump['rows'][number][] = [];
  for (const pair of snapshot.pairs({ scope: { type: 'all' } })) {
    const dumped: DumpedRow[] = [];
    for await (const chunk of snapshot.candidates(pair, asOf)) {
      for (const row of chunk) {
        const { agentNumber, originNumber, classNumber, epochNumber, ...same } = row;
        dumped.push({
          ...same,
          agent: snapshot.agent(agentNumber),
          origin: snapshot.originExpression(originNumber),
          className: snapshot.className(classNumber),
          epoch: snapshot.epoch(epochNumber),
        });
      }
    }
    rows.push({ pair, rows: dumped });
  }
  const idsOf = (list: Iterable<{ readonly id: RecordId }>): readonly RecordId[] =>
    [...list].map(({ id }) => id);
  return {
    appliedSequence: snapshot.appliedSequence,
    visibleStamp: snapshot.visibleStamp.replace(/^0+$/, ''),
    assertionCount: snapshot.assertionCount,
    recordCount: snapshot.recordCount,
    places: expected.places.map(({ id, home, place }) => {
      const found = snapshot.place(id);
      const bySequence = snapshot.placeOfSequence(home);
      if (JSON.stringify(found) !== JSON.stringify(bySequence)) throw new Error('two places');
      return { id, home, place: found as typeof place };
    }),
    rows,
    kinds: kinds.map((kind) => idsOf(snapshot.ofKind(kind))),
    agents: agents.map((agent) => idsOf(snapshot.ofAgent(agent))),
    references: expected.references.map(({ target }) => ({
      target,
      by: relationNames.map((relation) => idsOf(snapshot.dependants(target, relation))),
    })),
  };
}
