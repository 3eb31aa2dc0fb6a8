/**
 * The store over an ordered engine (spec 5): one writer that applies the log batch by batch, any
 * number of snapshots. Batches are applied one after the other in the order of the calls.
 *
 * Failure model: a commit that fails rejects its `apply` and leaves the store as it was, so the
 * same batch may be given again. A record that would leave a gap is a broken invariant and throws.
 */
import { type AgentId, fail, type HlcStamp, type Outcome, ok, type RecordId } from '@stemedb/model';
import { BoundedCache } from './cache.js';
import { StoreCorruption } from './corruption.js';
import { type Dictionaries, newDictionaries } from './dictionaries.js';
import type { Engine } from './engine.js';
import { FreeIds } from './free_ids.js';
import { homesOf, placeAmong } from './homes.js';
import { indexRecord } from './index_record.js';
import { idPrefix, prefixEnd, referencePrefix, stateKey } from './keys.js';
import { Measured, type Measuring } from './measured.js';
import type { KnownPair } from './row.js';
import { decodeReference } from './row.js';
import { Snapshot } from './snapshot.js';
import { Staging } from './staging.js';
import {
  decodeState,
  emptyState,
  formatOfState,
  StateReader,
  type StoreState,
  storeFormat,
} from './state.js';
import type {
  ApplicableRecord,
  OriginExpression,
  RecordPlace,
  Store,
  StoreSnapshot,
} from './store.js';

/** Pairs and origins kept in memory: some 200 bytes each. */
const cachedPairsMax = 131_072;
const cachedOriginsMax = 65_536;

export interface StoreOptions {
  /** 32 hex digits: whose log this store is a view of. */
  readonly databaseId: string;
  /** Who is told how long operations take. */
  readonly measuring?: Measuring;
}

/**
 * Opens the store, empty when the engine is. `database_mismatch`: it belongs to another log.
 * `store_format`: another version wrote it. `store_corrupt`: its state cannot be read. After the
 * last two the caller deletes the engine's files and replays the log.
 */
export async function openStore(engine: Engine, options: StoreOptions): Promise<Outcome<Store>> {
  try {
    const state = readState(engine, options.databaseId);
    return state.ok ? ok(new HybridStore(engine, state.value, options.measuring)) : state;
  } catch (error) {
    if (!(error instanceof StoreCorruption)) throw error;
    return fail({ code: 'store_corrupt', detail: error.message, cause: error });
  }
}

/** The state of the store of this database, an empty one where the engine is empty. */
function readState(engine: Engine, databaseId: string): Outcome<StoreState> {
  const bytes = engine.get(stateKey);
  if (bytes === undefined) {
    // Entries without a state row: what is left of a store that is not one any more.
    for (const _ of engine.range({ gte: Buffer.from([0]), lt: Buffer.from([0xff]), limit: 1 })) {
      return fail({ code: 'store_corrupt', detail: 'The store has entries but no state.' });
    }
    return ok(emptyState(databaseId));
  }
  const format = formatOfState(bytes);
  const state = format === storeFormat ? decodeState(bytes) : undefined;
  if (state === undefined) {
    return fail({
      code: 'store_format',
      detail: `The store has format ${format}, this version writes ${storeFormat}: rebuild it.`,
      extra: { found: format, expected: storeFormat },
    });
  }
  if (state.databaseId !== databaseId) {
    return fail({
      code: 'database_mismatch',
      detail: `The store belongs to database ${state.databaseId}, not ${databaseId}.`,
    });
  }
  return ok(state);
}

class HybridStore implements Store {
  readonly #engine: Engine;
  readonly #dictionaries: Dictionaries = newDictionaries();
  readonly #pairs = new BoundedCache<string, KnownPair>(cachedPairsMax);
  readonly #origins = new BoundedCache<number, OriginExpression>(cachedOriginsMax);
  readonly #freeIds = new FreeIds();
  readonly #states = new StateReader();
  readonly #measured: Measured;
  #state: StoreState;
  /** Settles when the last call of `apply` has. */
  #applying: Promise<void> = Promise.resolve();

  constructor(engine: Engine, state: StoreState, measuring: Measuring | undefined) {
    this.#engine = engine;
    this.#measured = new Measured(measuring);
    this.#state = state;
  }

  get appliedSequence(): number {
    return this.#state.appliedSequence;
  }

  get appliedOffset(): number {
    return this.#state.appliedOffset;
  }

  get visibleStamp(): HlcStamp {
    return this.#state.visibleStamp;
  }

  get assertionCount(): number {
    return this.#state.assertions;
  }

  get recordCount(): number {
    return this.#state.records;
  }

  get corruptEntries(): number {
    return this.#measured.corruptEntries;
  }

  place(id: RecordId): RecordPlace | undefined {
    const prefix = idPrefix(id);
    if (this.#freeIds.has(prefix)) return undefined;
    return this.#measured.run('read', () => {
      const homes = homesOf(this.#engine, prefix);
      if (homes.length === 0) this.#freeIds.add(prefix);
      return placeAmong(this.#engine, id, homes)?.place;
    });
  }

  isAttestedBy(target: RecordId, agent: AgentId): boolean {
    return this.#measured.run('scan', () => {
      const number = this.#dictionaries.agent.numberOf(agent, this.#engine);
      if (number === undefined) return false;
      const gte = referencePrefix(target, 'attestation');
      for (const { key, value } of this.#engine.range({ gte, lt: prefixEnd(gte) })) {
        if (decodeReference(key, value) === number) return true;
      }
      return false;
    });
  }

  snapshot(): StoreSnapshot {
    const engine = this.#engine.snapshot();
    try {
      return new Snapshot(engine, this.#dictionaries, this.#origins, this.#states, this.#measured);
    } catch (error) {
      engine.release();
      throw error;
    }
  }

  apply(batch: readonly ApplicableRecord[]): Promise<void> {
    const applied = this.#applying.then(() =>
      this.#measured.runLong('apply', () => this.#applyNext(batch)),
    );
    // The next batch waits for this one, but its failure is the business of its own caller.
    this.#applying = applied.catch(() => {});
    return applied;
  }

  async checkpoint(): Promise<number> {
    const { appliedSequence } = this.#state;
    await this.#measured.runLong('checkpoint', () => this.#engine.flush());
    return appliedSequence;
  }

  diskBytes(): Promise<number> {
    return this.#engine.diskBytes();
  }

  async close(): Promise<void> {
    await this.#applying;
    await this.#engine.close();
  }

  async #applyNext(batch: readonly ApplicableRecord[]): Promise<void> {
    const staging = new Staging(
      this.#engine,
      this.#state,
      this.#dictionaries,
      this.#pairs,
      this.#freeIds,
    );
    for (const record of batch) {
      const next = staging.state.appliedSequence + 1;
      if (record.sequence < next) continue;
      if (record.sequence > next) {
        throw new Error(`record ${record.sequence} was applied where ${next} is next`);
      }
      indexRecord(staging, record);
    }
    if (staging.state.appliedSequence === this.#state.appliedSequence) return;
    await this.#engine.commit(staging.changes());
    staging.adopt();
    this.#state = staging.state;
  }
}
