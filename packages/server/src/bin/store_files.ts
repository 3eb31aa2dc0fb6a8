/**
 * The store's files: a view of the log that may be thrown away. One of another format, or one
 * that cannot be read, is removed and made anew; one of another database is refused, because then
 * the operator has mixed up two directories.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import type { Clock } from '../io/clock.js';
import type { Engine } from '../store/engine.js';
import { openStore, type StoreOptions } from '../store/hybrid_store.js';
import type { StoreMetrics } from '../store/measured.js';
import type { Store } from '../store/store.js';

/** Opens and removes engines by directory: lmdb on a real disk, memory in tests. */
export interface OpenEngine {
  open(directory: string): Engine;
  remove(directory: string): Promise<void>;
  /** Why files that are there must not be opened, after a look at all of them; undefined when they
   * may be. */
  fault?(directory: string): Promise<string | undefined>;
  /** The same for a database that starts now, as quick as its last lives allow. */
  faultAtStart?(directory: string): Promise<string | undefined>;
  /** What an error says is wrong with the files; undefined when it is of another kind. */
  damage?(error: unknown): string | undefined;
}

export interface OpenedStore {
  readonly store: Store;
  /** Why it was made anew, when it was. */
  readonly rebuilt: string | undefined;
}

/**
 * Opens the engine and the store on it; `database_mismatch` when it is a view of another log.
 * A `damage` that was met while the store was used has it made anew.
 */
export const openOrRebuildStore = async (
  effects: {
    readonly openEngine: OpenEngine;
    readonly clock: Clock;
    readonly storeMetrics?: StoreMetrics;
  },
  directory: string,
  databaseId: string,
  damage?: string,
): Promise<Outcome<OpenedStore>> => {
  const { openEngine, clock, storeMetrics: metrics } = effects;
  const monotonicMs = (): number => clock.monotonicMs();
  const measuring = metrics === undefined ? {} : { measuring: { metrics, monotonicMs } };
  const options: StoreOptions = { databaseId, ...measuring };
  const fault = damage ?? (await openEngine.faultAtStart?.(directory));
  if (fault !== undefined) return remake(openEngine, directory, options, fault);
  const opened = await openSound(openEngine, directory, options);
  if (opened.ok) return ok({ store: opened.value, rebuilt: undefined });
  const { code, detail } = opened.error;
  if (code !== 'store_format' && code !== 'store_corrupt') return opened;
  return remake(openEngine, directory, options, detail);
};

/** Opens engine and store; files that the engine cannot read are `store_corrupt`. */
const openSound = async (
  openEngine: OpenEngine,
  directory: string,
  options: StoreOptions,
): Promise<Outcome<Store>> => {
  let engine: Engine | undefined;
  try {
    engine = openEngine.open(directory);
    const opened = await openStore(engine, options);
    if (!opened.ok) await engine.close();
    return opened;
  } catch (cause) {
    await engine?.close().catch(() => undefined);
    const detail = openEngine.damage?.(cause);
    if (detail === undefined) throw cause;
    return fail({ code: 'store_corrupt', detail, cause });
  }
};

const remake = async (
  openEngine: OpenEngine,
  directory: string,
  options: StoreOptions,
  reason: string,
): Promise<Outcome<OpenedStore>> => {
  await openEngine.remove(directory);
  const engine = openEngine.open(directory);
  const fresh = await openStore(engine, options);
  if (fresh.ok) return ok({ store: fresh.value, rebuilt: reason });
  await engine.close();
  return fresh;
};
