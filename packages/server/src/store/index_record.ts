/**
 * What one record means for the store: a function of the record and of the records before it in the
 * log, of nothing else. So the entries are the same after any split into batches, and verification
 * can ask for each of them (verify.ts).
 *
 * The same id again changes nothing but which of its frames counts: the one with the smaller
 * stamp, between equal stamps the one with the smaller proof, else the first. So two nodes that
 * hold the same frames say the same stamp and proof of a record, in whatever order they came.
 */
import {
  type AssertionContent,
  kindNumber,
  type RecordContent,
  type RecordId,
  valueKeyIn,
} from '@stemedb/model';
import { proofNumber } from '../log/frame.js';
import { asBuffer, newValue, seal } from './entry.js';
import {
  candidateKey,
  kindRecordPrefix,
  type Relation,
  referencePrefix,
  withSequence,
} from './keys.js';
import { originNameOf } from './origin.js';
import type { StoredPlace } from './places.js';
import { encodeReference, encodeRow, type KnownPair } from './row.js';
import type { DictionaryName, StoreState } from './state.js';
import type { ApplicableRecord } from './store.js';

/** Fields that change while records are taken in. */
export type GrowingState = { -readonly [Key in keyof StoreState]: StoreState[Key] };

/** Where the entries of a record go: into a batch, or against what is stored. */
export interface EntrySink {
  readonly state: GrowingState;
  /** The record with this id, when one came before. */
  place(id: RecordId): StoredPlace | undefined;
  /** Makes a record known that was not. */
  addPlace(stored: StoredPlace): void;
  /** Another frame of a known record counts. */
  movePlace(stored: StoredPlace): void;
  /** Lists a record under its agent; sequences ascend. */
  list(agent: number, sequence: number): void;
  put(key: Buffer, value: Buffer): void;
  /** Number of a name, given out from 1 in the order of first appearance in the log. */
  number(dictionary: DictionaryName, name: string): number;
  /** The pair of a claim; with `isNew`, one row more stands under it. */
  pair(conceptPath: string, predicate: string, isNew: boolean): KnownPair;
}

/** The frame of a record: where it stands and what it says beside the content. */
export type FrameFacts = Omit<StoredPlace, 'id' | 'home'>;

export function frameOf(record: ApplicableRecord): FrameFacts {
  const { sequence, offset, kind, shard, stamp } = record;
  return { proof: proofNumber[record.proof], place: { sequence, offset, kind, shard, stamp } };
}

/** True when the first counts and the second does not, whichever came first. */
export function outranks(one: FrameFacts, other: FrameFacts): boolean {
  if (one.place.stamp !== other.place.stamp) return one.place.stamp < other.place.stamp;
  return one.proof < other.proof;
}

/** Takes in the next record of the log; `frame` is the one that counts, its own unless told. */
export function indexRecord(
  sink: EntrySink,
  record: ApplicableRecord,
  frame: FrameFacts = frameOf(record),
): void {
  const known = sink.place(record.id);
  if (known === undefined) insert(sink, record, frame);
  else if (outranks(frame, known)) moveTo(sink, record, { ...known, ...frame });
  const { state } = sink;
  state.appliedSequence = record.sequence;
  state.appliedOffset = record.offset;
  if (record.stamp > state.visibleStamp) state.visibleStamp = record.stamp;
}

function insert(sink: EntrySink, record: ApplicableRecord, frame: FrameFacts): void {
  const { id, sequence, kind, content } = record;
  sink.addPlace({ id, home: sequence, ...frame });
  sink.state.records += 1;
  if (content === undefined) {
    sink.state.unknown += 1;
    return;
  }
  const agent = sink.number('agent', content.agent_id);
  sink.list(agent, sequence);
  // Assertions and attestations are the many: a list of them would be the log over again.
  if (kind !== kindNumber.assertion && kind !== kindNumber.attestation) {
    const listed = withSequence(kindRecordPrefix(kind), sequence);
    // The key says all.
    sink.put(listed, seal(listed, newValue(0)));
  }
  for (const [relation, target] of referencesOf(content)) {
    const reference = withSequence(referencePrefix(target, relation), sequence);
    sink.put(reference, encodeReference(reference, agent));
  }
  if (content.kind === 'assertion') {
    sink.state.assertions += 1;
    putRow(sink, content, { id, sequence, stamp: frame.place.stamp, bytes: record.bytes }, true);
  }
}

/** Lists keep naming the record by its first sequence: only place and row follow the frame. */
function moveTo(sink: EntrySink, record: ApplicableRecord, stored: StoredPlace): void {
  sink.movePlace(stored);
  if (record.content?.kind === 'assertion') {
    const { id, home: sequence } = stored;
    const { stamp } = stored.place;
    putRow(sink, record.content, { id, sequence, stamp, bytes: record.bytes }, false);
  }
}

function putRow(
  sink: EntrySink,
  content: AssertionContent,
  at: Pick<ApplicableRecord, 'id' | 'sequence' | 'stamp' | 'bytes'>,
  isNew: boolean,
): void {
  const pair = sink.pair(content.concept_path, content.predicate, isNew);
  const valueKey = valueKeyOfClaim(at.bytes, content.unit);
  const key = candidateKey(pair.shard, pair.number, valueKey, at.sequence);
  const { epoch, source_class: className } = content;
  const value = encodeRow(key, {
    id: at.id,
    stamp: at.stamp,
    agentNumber: sink.number('agent', content.agent_id),
    originNumber: sink.number('origin', originNameOf(content)),
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

/** What ends before the last member of a claim, see `query/stored_json.ts`. */
const beforeValue = '"v":1,';
const valueMember = Buffer.from(`${beforeValue}"value":`);

/** Hashed where it stands: writing a value as text again costs more than all else here. */
function valueKeyOfClaim(claim: Uint8Array, unit: string | undefined): Uint8Array {
  const bytes = asBuffer(claim);
  const at = bytes.indexOf(valueMember);
  if (at < 0) throw new Error('a claim without a value');
  return valueKeyIn(bytes.subarray(at + beforeValue.length), unit);
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
