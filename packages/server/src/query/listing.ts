/**
 * Lists of records of one kind, by (recorded stamp, id), page by page. No index has that order:
 * records come in the order of this node's log, and a merged one is logged later than it is
 * stamped. So each page walks the entries of the list and keeps the smallest; entries are small,
 * and only what a page shows is read from the log.
 */
import type {
  AgentId,
  Ed25519Verify,
  HlcStamp,
  JsonObject,
  Outcome,
  RecordContent,
  RecordId,
  RecordKind,
  RecordList,
  StatedRecord,
} from '@stemedb/model';
import { fail, formatTime, kindNumber, ok } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Relation } from '../store/keys.js';
import type { PlacedRecord, StoreSnapshot } from '../store/store.js';
import { approximateBytes } from './approximate_bytes.js';
import type { Moment } from './as_of.js';
import { asListed } from './listed.js';
import { rowsPerRecord } from './pace.js';
import type { Reading, Readings } from './readings.js';
import { bindingOf, openCursor, sealCursor } from './sealed_cursor.js';
import { statedWithSignatures } from './signatures.js';
import { Smallest } from './smallest.js';

/** What is to be listed; a filter that does not fit the kind finds nothing. */
export interface ListQuestion {
  readonly kind: RecordKind;
  /** Records about this one. */
  readonly target?: RecordId;
  readonly agentId?: AgentId;
  /** Aliases that name this path. */
  readonly conceptPath?: string;
  readonly asOf?: string | number;
  readonly minPosition?: string;
  /** 1..1000. */
  readonly limit: number;
  readonly cursor?: string;
}

/** The relation of a kind to its target. */
const relationOf: Readonly<Partial<Record<RecordKind, Relation>>> = {
  attestation: 'attestation',
  vote: 'vote',
  supersession: 'supersession',
  verdict: 'verdict',
};

/** Entries among which everything that is asked for is found: the shortest list there is. */
const entriesOf = (snapshot: StoreSnapshot, question: ListQuestion): Iterable<PlacedRecord> => {
  const { kind, target, agentId } = question;
  const relation = relationOf[kind];
  if (target !== undefined) {
    return relation === undefined ? [] : snapshot.dependants(target, relation);
  }
  return agentId === undefined ? snapshot.ofKind(kindNumber[kind]) : snapshot.ofAgent(agentId);
};

/** True when the filters have to be held against the content: no list answers them alone. */
const needsContent = ({ target, agentId, conceptPath }: ListQuestion): boolean =>
  conceptPath !== undefined || (target !== undefined && agentId !== undefined);

const fits = (content: RecordContent | undefined, question: ListQuestion): boolean => {
  if (content === undefined) return false;
  const { agentId, conceptPath } = question;
  if (agentId !== undefined && content.agent_id !== agentId) return false;
  if (conceptPath === undefined) return true;
  return content.kind === 'alias' && (content.a === conceptPath || content.b === conceptPath);
};

/** Where a record stands in every list. */
interface ListPlace {
  readonly stamp: HlcStamp;
  readonly id: RecordId;
}

const keyOf = ({ stamp, id }: ListPlace): string => stamp + id;

const bindingOfList = (question: ListQuestion, scope: string): string => {
  const { kind, target, agentId, conceptPath } = question;
  const asked = [kind, target ?? null, agentId ?? null, conceptPath ?? null];
  return bindingOf({ list: asked, scope });
};

interface Begun {
  readonly moment: Moment | undefined;
  readonly after: string;
}

/** The places of the next page, and whether there is more. */
const findPlaces = async (
  reading: Reading,
  question: ListQuestion,
  after: string,
): Promise<{ readonly places: readonly ListPlace[]; readonly more: boolean }> => {
  const { snapshot, reader, moment, pace } = reading;
  const kind = kindNumber[question.kind];
  const smallest = new Smallest<ListPlace>(question.limit + 1);
  for (const { id, place } of entriesOf(snapshot, question)) {
    await pace.spend(1);
    if (place.kind !== kind || place.stamp > moment.stamp) continue;
    const found = { stamp: place.stamp, id };
    if (keyOf(found) <= after) continue;
    if (needsContent(question)) {
      await pace.spend(rowsPerRecord);
      if (!fits(reader.content(id, moment.stamp, kind), question)) continue;
    }
    smallest.add(keyOf(found), found);
  }
  const places = smallest.values();
  return { places: places.slice(0, question.limit), more: places.length > question.limit };
};

/** Reads what the page shows, as far as its memory goes; at least one record. */
const readStated = async (
  reading: Reading,
  places: readonly ListPlace[],
  pageBytesMax: number,
): Promise<readonly StatedRecord[]> => {
  const records: StatedRecord[] = [];
  let hasRoom = true;
  for (const { id } of places) {
    if (!hasRoom) break;
    await reading.pace.spend(rowsPerRecord);
    const stated = await statedWithSignatures(reading, id);
    if (stated === undefined) throw new Error(`The listed record ${id} cannot be read.`);
    records.push(stated);
    hasRoom = await reading.holding.drafted(approximateBytes(stated.record, pageBytesMax));
  }
  return records;
};

const checkTarget = ({ snapshot, moment }: Reading, { kind, target }: ListQuestion): boolean => {
  if (kind !== 'attestation' || target === undefined) return true;
  const place = snapshot.place(target);
  return place?.kind === kindNumber.assertion && place.stamp <= moment.stamp;
};

export interface ListCollaborators {
  readonly readings: Readings;
  readonly clock: Clock;
  readonly verify: Ed25519Verify;
  /** Secret of this node under which cursors are authenticated. */
  readonly cursorKey: Uint8Array;
}

/** One page of a list; `scope` is what the caller may see. */
export const listRecords = async (
  parts: ListCollaborators,
  scope: string,
  question: ListQuestion,
  signal?: AbortSignal,
): Promise<Outcome<RecordList>> => {
  const begun = begin(parts, scope, question);
  if (!begun.ok) return begun;
  const { asOf, minPosition } = question;
  const { moment, after } = begun.value;
  return parts.readings.read({ asOf, moment, minPosition, signal }, async (reading) => {
    if (!checkTarget(reading, question)) {
      const detail = `There is no assertion with the id ${question.target} here.`;
      return fail({ code: 'not_found', detail });
    }
    return ok(await readList(parts, scope, question, reading, after));
  });
};

/** The moment and the place to go on from, when the question brings a cursor. */
const begin = (
  { cursorKey, clock }: ListCollaborators,
  scope: string,
  question: ListQuestion,
): Outcome<Begun> => {
  const { cursor, asOf } = question;
  if (cursor === undefined) return ok({ moment: undefined, after: '' });
  const binding = bindingOfList(question, scope);
  const opened = openCursor(cursorKey, binding, { cursor, asOf }, clock.wallMs(), ({ a }) =>
    typeof a === 'string' ? a : undefined,
  );
  return opened.ok ? ok({ moment: opened.value.moment, after: opened.value.place }) : opened;
};

const readList = async (
  { cursorKey, clock, verify, readings }: ListCollaborators,
  scope: string,
  question: ListQuestion,
  reading: Reading,
  after: string,
): Promise<RecordList> => {
  const { places, more } = await findPlaces(reading, question, after);
  const stated = await readStated(reading, places, readings.limits.pageBytesMax);
  const records = await asListed(reading, stated, verify);
  const { stamp, ms } = reading.moment;
  const last = places[records.length - 1];
  const isLast = last === undefined || (!more && records.length === places.length);
  const state = (place: ListPlace): JsonObject => ({ a: keyOf(place), m: ms, s: stamp });
  return {
    as_of: formatTime(ms),
    as_of_stamp: stamp,
    records,
    ...(isLast
      ? {}
      : {
          next_cursor: sealCursor(
            cursorKey,
            bindingOfList(question, scope),
            state(last),
            clock.wallMs(),
          ),
        }),
  };
};
