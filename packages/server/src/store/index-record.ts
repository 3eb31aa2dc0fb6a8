/**
 * What one record means for the store: a function of the record and of the records before it in the
 * log, of nothing else. So the entries are the same after any split into batches, and verification
 * can ask for each of them (verify.ts).
 *
 * The same id again changes nothing but the stamp, and that only when the newcomer's is smaller:
 * two nodes that hold the same records give each the same stamp, in whatever order they came.
 */
import {
  type AssertionContent,
  kindNumber,
  type RecordContent,
  type RecordId,
  valueKeyOf,
} from '@stemedb/model';
import { newValue, seal } from './entry.js';
import {
  agentRecordPrefix,
  candidateKey,
  idKey,
  kindRecordPrefix,
  type Relation,
  referencePrefix,
  sequenceKey,
  withSequence,
} from './keys.js';
import { encodeOrigin, originOf } from './origin.js';
import {
  encodePlace,
  encodeReference,
  encodeRow,
  encodeSequence,
  type StoredPlace,
} from './row.js';
import type { KnownPair } from './staging.js';
import type { DictionaryName, StoreState } from './state.js';
import type { ApplicableRecord } from './store.js';

/** Fields that change while records are taken in. */
export type GrowingState = { -readonly [Key in keyof StoreState]: StoreState[Key] };

/** Where the entries of a record go: into a batch, or against what is stored. */
export interface EntrySink {
  readonly state: GrowingState;
  /** The record with this id, when one came before. */
  place(id: RecordId): StoredPlace | undefined;
  setPlace(stored: StoredPlace): void;
  put(key: Buffer, value: Buffer): void;
  /** Number of a name, given out from 1 in the order of first appearance in the log. */
  number(dictionary: DictionaryName, name: string): number;
  /** The pair of a claim; with `isNew`, one row more stands under it. */
  pair(conceptPath: string, predicate: string, isNew: boolean): KnownPair;
}

/** Takes in the next record of the log. */
export function indexRecord(sink: EntrySink, record: ApplicableRecord): void {
  const known = sink.place(record.id);
  if (known === undefined) insert(sink, record);
  else if (record.stamp < known.place.stamp) restamp(sink, record, known);
  const { state } = sink;
  state.appliedSequence = record.sequence;
  state.appliedOffset = record.offset;
  if (record.stamp > state.visibleStamp) state.visibleStamp = record.stamp;
}

function insert(sink: EntrySink, record: ApplicableRecord): void {
  const { id, sequence, offset, kind, stamp, shard, content } = record;
  const key = idKey(id);
  sink.put(key, encodeSequence(key, sequence));
  putPlace(sink, { id, place: { sequence, offset, kind, shard, stamp } });
  sink.state.records += 1;
  if (content === undefined) {
    sink.state.unknown += 1;
    return;
  }
  const agent = sink.number('agent', content.agent_id);
  putListed(sink, withSequence(agentRecordPrefix(agent), sequence));
  // Assertions and attestations are the many: a list of them would be the log over again.
  if (kind !== kindNumber.assertion && kind !== kindNumber.attestation) {
    putListed(sink, withSequence(kindRecordPrefix(kind), sequence));
  }
  for (const [relation, target] of referencesOf(content)) {
    const reference = withSequence(referencePrefix(target, relation), sequence);
    sink.put(reference, encodeReference(reference, agent));
  }
  if (content.kind === 'assertion') {
    sink.state.assertions += 1;
    putRow(sink, content, record, true);
  }
}

function restamp(sink: EntrySink, record: ApplicableRecord, known: StoredPlace): void {
  const place = { ...known.place, stamp: record.stamp };
  putPlace(sink, { ...known, place });
  if (record.content?.kind === 'assertion') {
    putRow(sink, record.content, { id: record.id, ...place }, false);
  }
}

function putPlace(sink: EntrySink, stored: StoredPlace): void {
  const key = sequenceKey(stored.place.sequence);
  sink.put(key, encodePlace(key, stored));
  sink.setPlace(stored);
}

/** An entry whose key says all. */
function putListed(sink: EntrySink, key: Buffer): void {
  sink.put(key, sealedEmpty(key));
}

function sealedEmpty(key: Buffer): Buffer {
  return seal(key, newValue(0));
}

function putRow(
  sink: EntrySink,
  content: AssertionContent,
  at: Pick<ApplicableRecord, 'id' | 'sequence' | 'stamp'>,
  isNew: boolean,
): void {
  const pair = sink.pair(content.concept_path, content.predicate, isNew);
  const valueKey = valueKeyOf(content.value, content.unit);
  const key = candidateKey(pair.shard, pair.number, valueKey, at.sequence);
  const origin = encodeOrigin(originOf(content)).toString('latin1');
  const { epoch, source_class: className } = content;
  const value = encodeRow(key, {
    id: at.id,
    stamp: at.stamp,
    agentNumber: sink.number('agent', content.agent_id),
    originNumber: sink.number('origin', origin),
    classNumber: className === undefined ? 0 : sink.number('class', className),
    epochNumber: epoch === undefined ? 0 : sink.number('epoch', epoch),
    confidence: content.confidence ?? 1,
    assertedMs: content.asserted_at,
    lifecycle: content.lifecycle ?? 'proposed',
    hasParent: content.parent !== undefined,
    hasReferences:
      content.source !== undefined ||
      epoch !== undefined ||
      (content.derived_from ?? []).length > 0,
  });
  sink.put(key, value);
}

/** Every record that a record names, with what it is to it. */
export function referencesOf(content: RecordContent): readonly (readonly [Relation, RecordId])[] {
  switch (content.kind) {
    case 'assertion':
      return referencesOfAssertion(content);
    case 'attestation':
      return [['attestation', content.target]];
    case 'vote':
      return [['vote', content.target]];
    case 'verdict':
      return [['verdict', content.target]];
    case 'supersession':
      return content.replacement === undefined
        ? [['supersession', content.target]]
        : [
            ['supersession', content.target],
            ['replacement', content.replacement],
          ];
    case 'epoch':
      return (content.supersedes ?? []).map((target) => ['epoch_supersedes', target] as const);
    case 'source':
    case 'alias':
    case 'policy':
      return [];
  }
}

function referencesOfAssertion(
  content: AssertionContent,
): readonly (readonly [Relation, RecordId])[] {
  const references: (readonly [Relation, RecordId])[] = [];
  if (content.source !== undefined) references.push(['source', content.source]);
  for (const premise of content.derived_from ?? []) references.push(['derived_from', premise]);
  if (content.parent !== undefined) references.push(['parent', content.parent]);
  if (content.epoch !== undefined) references.push(['epoch', content.epoch]);
  return references;
}
