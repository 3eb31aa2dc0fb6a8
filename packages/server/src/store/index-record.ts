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
import type { Staging } from './staging.js';
import type { ApplicableRecord } from './store.js';

/** Adds a record to the batch. */
export function indexRecord(staging: Staging, record: ApplicableRecord): void {
  const known = staging.place(record.id);
  if (known === undefined) insert(staging, record);
  else if (record.stamp < known.place.stamp) restamp(staging, record, known);
  const { state } = staging;
  state.appliedSequence = record.sequence;
  state.appliedOffset = record.offset;
  if (record.stamp > state.visibleStamp) state.visibleStamp = record.stamp;
}

function insert(staging: Staging, record: ApplicableRecord): void {
  const { id, sequence, offset, kind, stamp, shard, content } = record;
  const key = idKey(id);
  staging.put(key, encodeSequence(key, sequence));
  putPlace(staging, { id, place: { sequence, offset, kind, shard, stamp } });
  staging.state.records += 1;
  if (content === undefined) {
    staging.state.unknown += 1;
    return;
  }
  const agent = staging.number('agent', content.agent_id);
  putListed(staging, withSequence(agentRecordPrefix(agent), sequence));
  // Assertions and attestations are the many: a list of them would be the log over again.
  if (kind !== kindNumber.assertion && kind !== kindNumber.attestation) {
    putListed(staging, withSequence(kindRecordPrefix(kind), sequence));
  }
  for (const [relation, target] of referencesOf(content)) {
    const reference = withSequence(referencePrefix(target, relation), sequence);
    staging.put(reference, encodeReference(reference, agent));
  }
  if (content.kind === 'assertion') {
    staging.state.assertions += 1;
    putRow(staging, content, record, true);
  }
}

function restamp(staging: Staging, record: ApplicableRecord, known: StoredPlace): void {
  const place = { ...known.place, stamp: record.stamp };
  putPlace(staging, { ...known, place });
  if (record.content?.kind === 'assertion') {
    putRow(staging, record.content, { id: record.id, ...place }, false);
  }
}

function putPlace(staging: Staging, stored: StoredPlace): void {
  const key = sequenceKey(stored.place.sequence);
  staging.put(key, encodePlace(key, stored));
  staging.setPlace(stored);
}

/** An entry whose key says all. */
function putListed(staging: Staging, key: Buffer): void {
  staging.put(key, sealedEmpty(key));
}

export function sealedEmpty(key: Buffer): Buffer {
  return seal(key, newValue(0));
}

function putRow(
  staging: Staging,
  content: AssertionContent,
  at: Pick<ApplicableRecord, 'id' | 'sequence' | 'stamp'>,
  isNew: boolean,
): void {
  const pair = staging.pair(content.concept_path, content.predicate, isNew);
  const valueKey = valueKeyOf(content.value, content.unit);
  const key = candidateKey(pair.shard, pair.number, valueKey, at.sequence);
  const origin = encodeOrigin(originOf(content)).toString('latin1');
  const { epoch, source_class: className } = content;
  const value = encodeRow(key, {
    id: at.id,
    stamp: at.stamp,
    agentNumber: staging.number('agent', content.agent_id),
    originNumber: staging.number('origin', origin),
    classNumber: className === undefined ? 0 : staging.number('class', className),
    epochNumber: epoch === undefined ? 0 : staging.number('epoch', epoch),
    confidence: content.confidence ?? 1,
    assertedMs: content.asserted_at,
    lifecycle: content.lifecycle ?? 'proposed',
    hasParent: content.parent !== undefined,
    hasReferences:
      content.source !== undefined ||
      epoch !== undefined ||
      (content.derived_from ?? []).length > 0,
  });
  staging.put(key, value);
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
