/** Records with stamps of the test's choice: claims, sources and what retracts them. */
import {
  type AgentId,
  canonicalBytes,
  defaultPolicyTable,
  type HlcStamp,
  type JsonObject,
  type JsonValue,
  keyPairFromSeed,
  makeStamp,
  type PolicyTable,
  type RecordId,
  type RecordKind,
  recordIdOf,
} from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';

const agentOf = (number: number): AgentId =>
  keyPairFromSeed(new Uint8Array(32).fill(number)).agentId;

export const alice = agentOf(101);
export const bob = agentOf(102);
export const carol = agentOf(103);

export interface When {
  /** Milliseconds after the start; one later than the record before when left out. */
  readonly atMs?: number;
  /** The author's time, milliseconds after the start; that of the recording when left out. */
  readonly assertedMs?: number;
}

export class Story {
  readonly #startMs: number;
  readonly #records: MergeRecord[] = [];
  #nowMs = 0;

  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  get records(): readonly MergeRecord[] {
    return this.#records;
  }

  /** The stamp of the newest record. */
  get now(): HlcStamp {
    const last = this.#records.at(-1);
    if (last === undefined) throw new RangeError('Nothing has happened yet.');
    return last.stamp;
  }

  record(
    kind: RecordKind,
    author: AgentId,
    fields: JsonObject,
    when: When = {},
    proof: MergeRecord['proof'] = 'signature',
  ): RecordId {
    this.#nowMs = when.atMs ?? this.#nowMs + 1;
    const asserted_at = this.#startMs + (when.assertedMs ?? this.#nowMs);
    const bytes = canonicalBytes({ ...fields, kind, v: 1, agent_id: author, asserted_at });
    const stamp = makeStamp(this.#startMs + this.#nowMs, this.#records.length, '00000000000000aa');
    this.#records.push({ bytes, stamp, proof });
    return recordIdOf(bytes);
  }

  claim(author: AgentId, more: JsonObject = {}, proof?: MergeRecord['proof']): RecordId {
    const value = `claim ${this.#records.length}`;
    const fields = { concept_path: 'lab/x', predicate: 'dose', value, ...more };
    return this.record('assertion', author, fields, {}, proof);
  }

  source(author: AgentId): RecordId {
    const title = `source ${this.#records.length}`;
    return this.record('source', author, { title, uri: 'https://a.example/' });
  }

  /** A claim on each premise of the row above; gives the last of `length` claims over a root. */
  chain(author: AgentId, root: RecordId, length: number): RecordId {
    let top = root;
    for (let at = 0; at < length; at += 1) top = this.claim(author, { derived_from: [top] });
    return top;
  }

  retract(author: AgentId, target: RecordId, when?: When): RecordId {
    return this.#supersede(author, { target, action: 'retract' }, when);
  }

  restore(author: AgentId, target: RecordId, when?: When): RecordId {
    return this.#supersede(author, { target, action: 'restore' }, when);
  }

  replace(author: AgentId, target: RecordId, replacement: RecordId, when?: When): RecordId {
    return this.#supersede(author, { target, action: 'replace', replacement }, when);
  }

  policy(table: Partial<PolicyTable>): RecordId {
    const fields = { ...defaultPolicyTable, ...table } as unknown as JsonObject;
    return this.record('policy', carol, fields, {}, 'node');
  }

  #supersede(
    author: AgentId,
    fields: { readonly [key: string]: JsonValue },
    when?: When,
  ): RecordId {
    // A number of its own, so that saying the same again is another record.
    const reason = `because ${this.#records.length}`;
    return this.record('supersession', author, { ...fields, reason }, when);
  }
}
