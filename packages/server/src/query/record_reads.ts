/** Reading records of every kind beside the questions: lists, one record, a claim, a trust. */
import type {
  AgentId,
  AssertionDetail,
  Ed25519Verify,
  ListedRecord,
  Outcome,
  RecordId,
  RecordKind,
  RecordList,
  TraceAnswer,
  TrustAnswer,
} from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { Principal } from '../ingest/principal.js';
import type { QueryCollaborators } from './collaborators.js';
import { detailOf } from './detail.js';
import { asListed } from './listed.js';
import { type ListQuestion, listRecords } from './listing.js';
import { scopeOf } from './query_service.js';
import type { Readings } from './readings.js';
import { knownRecord, statedRecord } from './stated.js';
import { type TraceQuestion, traceOf } from './trace.js';
import { trustAnswerOf } from './trust_answer.js';

/** When something is read, and what the reader must see. */
export interface ReadMoment {
  readonly asOf?: string | number;
  readonly minPosition?: string;
}

export interface RecordReads {
  list(
    principal: Principal,
    question: ListQuestion,
    signal?: AbortSignal,
  ): Promise<Outcome<RecordList>>;
  /** One record of the kind with its effect; `not_found` when it is not here at the moment. */
  listed(
    principal: Principal,
    id: RecordId,
    kind: RecordKind,
    moment: ReadMoment,
    signal?: AbortSignal,
  ): Promise<Outcome<ListedRecord>>;
  /** `not_found` when no such record of the kind is visible; costs no more than a look. */
  known(principal: Principal, id: RecordId, kind: RecordKind): Promise<Outcome<void>>;
  /** A claim with what others have said of it. */
  assertion(
    principal: Principal,
    id: RecordId,
    moment: ReadMoment,
    signal?: AbortSignal,
  ): Promise<Outcome<AssertionDetail>>;
  /** Where a record comes from and what came of it. */
  trace(
    principal: Principal,
    question: TraceQuestion,
    moment: ReadMoment,
    signal?: AbortSignal,
  ): Promise<Outcome<TraceAnswer>>;
  /** An agent of whom nothing is known has the trust that everybody begins with. */
  trust(
    principal: Principal,
    agent: AgentId,
    moment: ReadMoment,
    signal?: AbortSignal,
  ): Promise<Outcome<TrustAnswer>>;
}

export interface RecordReadsCollaborators
  extends Pick<QueryCollaborators, 'clock' | 'cursorKey' | 'loaderOf'> {
  readonly readings: Readings;
  readonly verify: Ed25519Verify;
}

/** Makes the reads over the readings that questions use as well. */
export const createRecordReads = (parts: RecordReadsCollaborators): RecordReads => ({
  list: (principal, question, signal) => listRecords(parts, scopeOf(principal), question, signal),
  listed: (_principal, id, kind, moment, signal) =>
    parts.readings.read({ ...moment, signal }, async (reading) => {
      const stated = await statedRecord(reading, id, kind);
      if (!stated.ok) return stated;
      const [listed] = await asListed(reading, [stated.value], parts.verify);
      if (listed === undefined) throw new Error('Each record is listed.');
      return ok(listed);
    }),
  known: (_principal, id, kind) =>
    parts.readings.read({}, (reading) => knownRecord(reading, id, kind)),
  assertion: (_principal, id, moment, signal) =>
    parts.readings.read({ ...moment, signal }, async (reading) => {
      const stated = await statedRecord(reading, id, 'assertion');
      if (!stated.ok) return stated;
      const { record } = stated.value;
      if (record.kind !== 'assertion') throw new Error(`${id} is no assertion.`);
      return ok(await detailOf(parts, reading, stated.value, record));
    }),
  trace: (_principal, question, moment, signal) =>
    parts.readings.read({ ...moment, signal }, (reading) => traceOf(reading, question)),
  trust: (_principal, agent, moment, signal) =>
    parts.readings.read(
      { ...moment, signal, movesWithTime: (rules) => rules.trustMoves },
      async (reading) => {
        await reading.rules.readTrust();
        return ok(trustAnswerOf(reading, agent));
      },
    ),
});
