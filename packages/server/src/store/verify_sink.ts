/**
 * Takes in the log a second time and asks the stored entries for each entry that the log demands.
 * Because entries are a function of the log alone (index_record.ts), every difference is a fault.
 */
import type { RecordId } from '@stemedb/model';
import { shardOf } from '@stemedb/model';
import { StoreCorruption } from './corruption.js';
import { type Dictionaries, newDictionaries } from './dictionaries.js';
import type { Gets } from './engine.js';
import { homesOf, readPlace } from './homes.js';
import {
  type EntrySink,
  type FrameFacts,
  frameOf,
  type GrowingState,
  indexRecord,
  outranks,
} from './index_record.js';
import { idPrefix, pairKey, pairText, type TableName, tableNameOf } from './keys.js';
import { readHome, type StoredPlace } from './places.js';
import { isListed } from './record_list.js';
import type { KnownPair } from './row.js';
import { decodePair } from './row.js';
import { type DictionaryName, emptyState } from './state.js';
import type { ApplicableRecord } from './store.js';

export interface VerifyFinding {
  readonly type: 'finding';
  /** Table of the entry at fault, `engine` when the engine itself failed. */
  readonly table: string;
  readonly detail: string;
}

export const finding = (table: string, detail: string): VerifyFinding => ({
  type: 'finding',
  table,
  detail,
});

/** Runs a check; what a damaged entry or engine throws becomes a finding. */
export function guarded(findings: VerifyFinding[], check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof StoreCorruption) findings.push(finding(error.table, error.message));
    else if (error instanceof Error) findings.push(finding('engine', error.message));
    else throw error;
  }
}

export class VerifySink implements EntrySink {
  readonly #stored: Gets;
  readonly #dictionaries: Dictionaries = newDictionaries();
  readonly #counts = new Map<string, number>();
  /** Ids for which another frame than their first is stored: a later record explains it. */
  readonly #moved = new Map<RecordId, FrameFacts>();
  #record: ApplicableRecord | undefined;
  #keysOfRecord = new Set<string>();
  #findings: VerifyFinding[] = [];
  readonly state: GrowingState;

  constructor(stored: Gets, databaseId: string) {
    this.#stored = stored;
    this.state = { ...emptyState(databaseId) };
  }

  /** What the log demands of a table. */
  count(table: TableName): number {
    return this.#counts.get(table) ?? 0;
  }

  /** Checks the entries of the next record. */
  take(record: ApplicableRecord): readonly VerifyFinding[] {
    this.#findings = [];
    this.#keysOfRecord = new Set();
    this.#record = record;
    guarded(this.#findings, () => indexRecord(this, record, this.#counting(record)));
    // The newest stamp is that of the records as they came.
    if (record.stamp > this.state.visibleStamp) this.state.visibleStamp = record.stamp;
    this.state.appliedSequence = record.sequence;
    this.state.appliedOffset = record.offset;
    return this.#findings;
  }

  /** What is left open when the log is at its end. */
  finish(): readonly VerifyFinding[] {
    return [...this.#moved].map(([id, { place }]) =>
      finding('place', `record ${id} has the stamp ${place.stamp}, which the log never gave it`),
    );
  }

  place(id: RecordId): StoredPlace | undefined {
    const record = this.#record;
    const stored = readPlace(this.#stored, id);
    if (record === undefined || stored === undefined) return undefined;
    if (stored.home >= record.sequence) return undefined;
    if (stored.id !== id) this.#find('place', `${stored.home} has another id`);
    const frame = frameOf(record);
    if (isBefore(frame, stored)) {
      this.#find('place', `record ${id} missed the smaller stamp ${record.stamp}`);
    }
    const moved = this.#moved.get(id);
    if (moved !== undefined && isSameFrame(moved, frame)) this.#moved.delete(id);
    // With its own frame the newcomer changes nothing: there is nothing more to compare.
    return { ...stored, ...frame };
  }

  addPlace(stored: StoredPlace): void {
    const { id, home } = stored;
    this.#count('id');
    this.#count('place');
    guarded(this.#findings, () => {
      if (!homesOf(this.#stored, idPrefix(id)).includes(home)) this.#find('id', `${id} is missing`);
    });
    guarded(this.#findings, () => {
      const found = readHome(this.#stored, home);
      if (found === undefined) this.#find('place', `that of ${home} is missing`);
      else if (found.id !== id || found.home !== home || !isSameFrame(found, stored)) {
        this.#find('place', `that of ${home} says something else`);
      }
    });
  }

  /** Each record comes with the frame that counts: no other takes its place. */
  movePlace(): void {}

  list(agent: number, sequence: number): void {
    this.#count('agentRecord');
    guarded(this.#findings, () => {
      if (isListed(this.#stored, agent, sequence)) return;
      this.#find('agentRecord', `agent ${agent} does not have it`);
    });
  }

  put(key: Buffer, value: Buffer): void {
    const table = tableNameOf(key);
    const keyHex = key.toString('hex');
    if (!this.#keysOfRecord.has(keyHex)) {
      this.#keysOfRecord.add(keyHex);
      this.#count(table);
    }
    guarded(this.#findings, () => {
      const stored = this.#stored.get(key);
      if (stored === undefined) this.#find(table, `entry ${keyHex} is missing`);
      else if (!value.equals(stored)) this.#find(table, `entry ${keyHex} says something else`);
    });
  }

  number(dictionary: DictionaryName, name: string): number {
    const number = this.#dictionaries[dictionary].numberOf(name, this.#stored);
    if (number === undefined) throw this.#missing(`the ${dictionary} of`);
    if (this.#dictionaries[dictionary].nameOf(number, this.#stored) !== name) {
      this.#find('dictionary', `${dictionary} ${number} has another name`);
    }
    const last = this.state.names[dictionary];
    if (number > last + 1) this.#find('dictionary', `${dictionary} ${number} came before its turn`);
    if (number > last) this.state.names = { ...this.state.names, [dictionary]: number };
    return number;
  }

  pair(conceptPath: string, predicate: string): KnownPair {
    const key = pairKey(pairText(conceptPath, predicate));
    const value = this.#stored.get(key);
    if (value === undefined) throw this.#missing('the pair of');
    const pair = decodePair(key, value);
    if (pair.number > this.state.pairs + 1) this.#find('pair', `${pair.number} is out of turn`);
    this.state.pairs = Math.max(this.state.pairs, pair.number);
    return { ...pair, shard: shardOf(conceptPath) };
  }

  /** The frame that is stored for the record, when a later one may have brought that. */
  #counting(record: ApplicableRecord): FrameFacts {
    const own = frameOf(record);
    const stored = readPlace(this.#stored, record.id);
    if (stored === undefined || stored.home !== record.sequence) return own;
    if (!outranks(stored, own)) return own;
    const { proof, place } = stored;
    this.#moved.set(record.id, { proof, place });
    return { proof, place };
  }

  #count(table: TableName | 'unknown'): void {
    this.#counts.set(table, (this.#counts.get(table) ?? 0) + 1);
  }

  #find(table: string, detail: string): void {
    this.#findings.push(finding(table, `${detail} (record ${this.#record?.sequence ?? 0})`));
  }

  #missing(what: string): Error {
    return new Error(`${what} record ${this.#record?.sequence ?? 0} is missing`);
  }
}

/** As the store must choose: by rank, and between equals the frame that came first. */
const isBefore = (one: FrameFacts, other: FrameFacts): boolean =>
  outranks(one, other) || (!outranks(other, one) && one.place.sequence < other.place.sequence);

const isSameFrame = (one: FrameFacts, other: FrameFacts): boolean =>
  one.proof === other.proof &&
  one.place.sequence === other.place.sequence &&
  one.place.offset === other.place.offset &&
  one.place.kind === other.place.kind &&
  one.place.shard === other.place.shard &&
  one.place.stamp === other.place.stamp;
