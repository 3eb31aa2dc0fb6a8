/**
 * Identity, store and log of a database, opened in the order of trust: the store says what it
 * claims to have, the log whether that is so, and the store is brought up to the log. A store that
 * proves damaged on the way is made anew, once.
 */
import { fail, type Outcome, ok } from '@stemedb/model';
import { type Identity, openIdentity } from '../log/identity.js';
import type { Log } from '../log/log.js';
import { readCheckpointFile, type SignedCheckpoint } from '../log/merkle/checkpoint_file.js';
import type { MerkleTree } from '../log/merkle/merkle_tree.js';
import type { LogMetrics } from '../log/metrics.js';
import { openLog } from '../log/open_log.js';
import { replay } from '../store/replay.js';
import type { Store } from '../store/store.js';
import type { DatabaseOptions, DatabaseReport, Effects } from './database_contract.js';
import { type OpenEngine, openOrRebuildStore } from './store_files.js';
import { openTree } from './tree_files.js';

export interface Files {
  readonly identity: Identity;
  readonly log: Log;
  readonly tree: MerkleTree;
  /** The newest checkpoint that was given out. */
  readonly kept: SignedCheckpoint | undefined;
  readonly store: Store;
  readonly report: Omit<DatabaseReport, 'clockAheadMs'>;
}

/** Opens store and log, in this order, and brings the store up to the log. */
export const openFiles = async (
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Files>> => {
  const { disk, clock } = effects;
  const identity = await openIdentity(disk, effects.random, options.walDir);
  if (!identity.ok) return identity;
  const { databaseId, logId } = identity.value;
  const kept = await readCheckpointFile(disk, options.walDir, identity.value, effects.verify);
  if (!kept.ok) return kept;
  const opened = await openOrRebuildStore(effects, options.dbDir, databaseId);
  if (!opened.ok) return opened;
  const { store, rebuilt } = opened.value;
  const log = await openLog(disk, clock, {
    directory: options.walDir,
    databaseId,
    logId,
    provenSequence: Math.max(store.appliedSequence, kept.value?.checkpoint.size ?? 0),
    ...(options.segmentBytesMax === undefined ? {} : { segmentBytesMax: options.segmentBytesMax }),
    ...(options.freeBytesMin === undefined ? {} : { freeBytesMin: options.freeBytesMin }),
    viewDirectories: [options.dbDir],
    metrics: watchedLog(effects),
  }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  if (!log.ok) {
    await store.close();
    return log;
  }
  const { log: openedLog, report } = log.value;
  const tree = await openTree(disk, options.dbDir, identity.value, openedLog, kept.value);
  if (!tree.ok) {
    await openedLog.close();
    await store.close();
    return tree;
  }
  return followLog(
    {
      identity: identity.value,
      log: openedLog,
      tree: tree.value,
      kept: kept.value,
      store,
      report: {
        log: report,
        replayed: 0,
        storeRebuilt: rebuilt,
        treeRebuilt: tree.value.rebuilt,
      },
    },
    options,
    effects,
  );
};

/** Brings the store up to the log; one that proves damaged on the way is made anew, once. */
const followLog = async (
  files: Files,
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Files>> => {
  const { log, store, report } = files;
  const { openEngine } = effects;
  const replayed = await settled(() => replay(log, store, effects.onReplay), files, openEngine);
  if (replayed.ok) return ok({ ...files, report: { ...report, replayed: replayed.value } });
  const { code, detail } = replayed.error;
  if (code === 'store_corrupt' && report.storeRebuilt === undefined) {
    return remakeStore(files, detail, options, effects);
  }
  await closeFiles(files);
  return replayed;
};

/** Throws the damaged store away and replays the whole log into a new one. */
export const remakeStore = async (
  files: Files,
  damage: string,
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Files>> => {
  const { identity, log, report } = files;
  // What it would still write is lost with it, and the log has that.
  await files.store.close().catch(() => undefined);
  const opened = await openOrRebuildStore(effects, options.dbDir, identity.databaseId, damage);
  if (!opened.ok) {
    await files.tree.close();
    await log.close();
    return opened;
  }
  const { store, rebuilt } = opened.value;
  return followLog(
    { ...files, store, report: { ...report, storeRebuilt: rebuilt } },
    options,
    effects,
  );
};

/** A log may also die on a mark, when nobody writes: that ends writing just the same. */
const watchedLog = ({ logMetrics, onWriteFailure }: Effects): LogMetrics => ({
  ...logMetrics,
  died: (error) => {
    logMetrics?.died?.(error);
    onWriteFailure?.(error);
  },
});

export const closeFiles = async ({ log, store, tree }: Files): Promise<void> => {
  await log.close();
  await tree.close();
  await store.close();
};

/** The outcome of the work over these files, which are closed when it throws what is not damage. */
const settled = async <T>(
  work: () => Promise<Outcome<T>>,
  files: Files,
  { damage }: OpenEngine,
): Promise<Outcome<T>> => {
  try {
    return await work();
  } catch (error) {
    const detail = damage?.(error);
    if (detail !== undefined) return fail({ code: 'store_corrupt', detail, cause: error });
    await closeFiles(files);
    throw error;
  }
};
