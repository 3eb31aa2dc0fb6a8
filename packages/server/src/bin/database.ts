/**
 * The composition root: opens a database from its two directories and wires the rooms together.
 * Everything that touches the world comes in through `Effects`, so that a test can run a whole
 * database on a simulated disk and clock.
 *
 * The order of opening is the order of trust: locks, identity, store (what does it claim to have?),
 * log (is that so?), replay, clock above every stamp seen, policy, ingest, query.
 */
import type { AgentId, Ed25519Verify, Outcome, PolicyTable, StemeError } from '@stemedb/model';
import {
  blake3,
  fail,
  HybridClock,
  keyPairFromSeed,
  kindNumber,
  ok,
  stampMs,
} from '@stemedb/model';
import { GroupCommit, type GroupCommitMetrics } from '../ingest/group_commit.js';
import type { Ingest } from '../ingest/ingest.js';
import { createIngest, type IngestMetrics } from '../ingest/ingest_service.js';
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import type { Random } from '../io/random.js';
import type { LensRegistry } from '../lens/registry.js';
import { type Identity, openIdentity } from '../log/identity.js';
import type { Log } from '../log/log.js';
import type { LogMetrics } from '../log/metrics.js';
import { type OpenReport, openLog } from '../log/open_log.js';
import { localCandidates } from '../query/local_candidates.js';
import { createQueryService, type QueryLimits } from '../query/query_service.js';
import type { QueryService } from '../query/question.js';
import { DamagedRecord, RecordReader } from '../query/records.js';
import { StoreCorruption } from '../store/corruption.js';
import { type ReplayProgress, replay } from '../store/replay.js';
import { singleNodeShards } from '../store/shard_map.js';
import type { ApplicableRecord, Store } from '../store/store.js';
import { PolicyHistory } from '../trust/policy_history.js';
import { Checkpoints } from './checkpoints.js';
import { lockDirectories } from './directories.js';
import { NodeTimeline } from './node_timeline.js';
import { ensurePolicy, PolicyAdvice } from './policy_record.js';
import { type OpenEngine, openOrRebuildStore } from './store_files.js';
import { Supersessions } from './supersessions.js';

export interface DatabaseOptions {
  /** Holds what cannot be rebuilt: segments and identity. */
  readonly walDir: string;
  /** Holds the store; may be deleted while nothing runs. */
  readonly dbDir: string;
  readonly realm?: string | undefined;
  readonly signatures: 'optional' | 'required';
  /** The policy that shall be in force; appended when another is. Undefined: the one in force
   * stays, and a new database begins with the built-in table.
   * `as_recorded`: nothing is appended, so that a restore holds what it was given and no more. */
  readonly policy: PolicyTable | 'as_recorded' | undefined;
  readonly segmentBytesMax?: number;
  readonly freeBytesMin?: number;
  readonly queryLimits?: QueryLimits;
}

export interface Effects {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly openEngine: OpenEngine;
  readonly verify: Ed25519Verify;
  readonly lenses: LensRegistry;
  readonly logMetrics?: LogMetrics;
  readonly ingestMetrics?: IngestMetrics;
  readonly commitMetrics?: GroupCommitMetrics;
  /** Told once when writing has ended and only a restart helps. */
  readonly onWriteFailure?: (error: StemeError) => void;
  /** Told when a store checkpoint fails; the next one tries again. */
  readonly onCheckpointFailure?: (error: unknown) => void;
  readonly onReplay?: (progress: ReplayProgress) => void;
}

/** What was found at opening, for the operator. */
export interface DatabaseReport {
  readonly log: OpenReport;
  /** Why the store was made anew, when it was. */
  readonly storeRebuilt: string | undefined;
  readonly replayed: number;
  /** Milliseconds by which the newest stamp is ahead of the wall clock; 0 when it is not. */
  readonly clockAheadMs: number;
}

export interface Database {
  readonly identity: Identity;
  /** Public half of the node's key: the author of unsigned writes while nobody logs in. */
  readonly agentId: AgentId;
  readonly log: Log;
  readonly store: Store;
  readonly ingest: Ingest;
  readonly query: QueryService;
  readonly policies: PolicyHistory;
  readonly report: DatabaseReport;
  /** Why writing has ended, if it has. */
  readonly writeFailure: StemeError | undefined;
  /** Answers what is under way, closes the log in order and gives the locks back. */
  close(): Promise<void>;
}

const cursorKeyOf = (identity: Identity): Uint8Array => {
  const purpose = new TextEncoder().encode('stemedb cursor v1');
  return blake3(new Uint8Array([...purpose, ...identity.nodeKeySeed]));
};

/** Every policy that the log holds, read through the store. */
const recordedPolicies = (log: Log, store: Store): PolicyHistory => {
  const policies = new PolicyHistory();
  const snapshot = store.snapshot();
  try {
    const reader = new RecordReader(log, snapshot);
    for (const { id, place } of snapshot.ofKind(kindNumber.policy)) {
      const content = reader.content(id, place.stamp);
      if (content?.kind === 'policy') policies.add({ id, stamp: place.stamp, content });
    }
  } finally {
    snapshot.release();
  }
  return policies;
};

const notePolicies = (policies: PolicyHistory, records: readonly ApplicableRecord[]): void => {
  for (const { content, id, stamp } of records) {
    if (content?.kind === 'policy') policies.add({ id, stamp, content });
  }
};

interface Files {
  readonly identity: Identity;
  readonly log: Log;
  readonly store: Store;
  readonly report: Omit<DatabaseReport, 'clockAheadMs'>;
}

/** Opens store and log, in this order, and brings the store up to the log. */
const openFiles = async (options: DatabaseOptions, effects: Effects): Promise<Outcome<Files>> => {
  const { disk, clock } = effects;
  const identity = await openIdentity(disk, effects.random, options.walDir);
  if (!identity.ok) return identity;
  const { databaseId, logId } = identity.value;
  const opened = await openOrRebuildStore(effects, options.dbDir, databaseId);
  if (!opened.ok) return opened;
  const { store, rebuilt } = opened.value;
  const log = await openLog(disk, clock, {
    directory: options.walDir,
    databaseId,
    logId,
    provenSequence: store.appliedSequence,
    ...(options.segmentBytesMax === undefined ? {} : { segmentBytesMax: options.segmentBytesMax }),
    ...(options.freeBytesMin === undefined ? {} : { freeBytesMin: options.freeBytesMin }),
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
  return followLog(
    {
      identity: identity.value,
      log: openedLog,
      store,
      report: { log: report, replayed: 0, storeRebuilt: rebuilt },
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
  const replayed = await settled(() => replay(log, store, effects.onReplay), files);
  if (replayed.ok) return ok({ ...files, report: { ...report, replayed: replayed.value } });
  const { code, detail } = replayed.error;
  if (code === 'store_corrupt' && report.storeRebuilt === undefined) {
    return remakeStore(files, detail, options, effects);
  }
  await closeFiles(files);
  return replayed;
};

/** Throws the damaged store away and replays the whole log into a new one. */
const remakeStore = async (
  files: Files,
  damage: string,
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Files>> => {
  const { identity, log, report } = files;
  await files.store.close();
  const opened = await openOrRebuildStore(effects, options.dbDir, identity.databaseId, damage);
  if (!opened.ok) {
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

const closeFiles = async ({ log, store }: Files): Promise<void> => {
  await log.close();
  await store.close();
};

/** The outcome of the work over these files, which are closed when it throws. */
const settled = async <T>(work: () => Promise<Outcome<T>>, files: Files): Promise<Outcome<T>> => {
  try {
    return await work();
  } catch (error) {
    await closeFiles(files);
    throw error;
  }
};

/** A clock whose next stamp is above every stamp of the files. */
const clockAbove = ({ identity, log, store }: Files, wallMs: () => number): HybridClock => {
  const hybrid = new HybridClock(identity.nodeId, wallMs);
  if (log.lastStamp !== undefined) hybrid.observe(log.lastStamp);
  hybrid.observe(store.visibleStamp);
  return hybrid;
};

/** Wires ingest and query over open files, and sees to it that the wanted policy is in force. */
const assemble = async (
  files: Files,
  options: DatabaseOptions,
  effects: Effects,
  release: () => Promise<void>,
): Promise<Outcome<Database>> => {
  const { identity, log, store } = files;
  const { agentId } = keyPairFromSeed(identity.nodeKeySeed);
  const wallMs = (): number => effects.clock.wallMs();
  const hybrid = clockAbove(files, wallMs);
  const shards = singleNodeShards(identity.nodeId);
  const policies = recordedPolicies(log, store);
  const supersessions = new Supersessions(log, store, policies);
  const checkpoints = new Checkpoints(effects.clock, log, store, (error) =>
    effects.onCheckpointFailure?.(error),
  );
  const commit = new GroupCommit({
    log,
    store,
    clock: hybrid,
    monotonicMs: () => effects.clock.monotonicMs(),
    onDurable: (records) => {
      notePolicies(policies, records);
      supersessions.note(records);
    },
    onApplied: () => checkpoints.noteWrite(),
    ...(effects.onWriteFailure === undefined ? {} : { onFailure: effects.onWriteFailure }),
    ...(effects.commitMetrics === undefined ? {} : { metrics: effects.commitMetrics }),
  });
  const close = async (): Promise<void> => {
    await commit.close();
    try {
      await checkpoints.stop();
    } finally {
      await closeFiles(files);
      await release();
    }
  };
  if (options.policy !== 'as_recorded') {
    const author = { agentId, wallMs: wallMs(), realm: options.realm };
    const inForce = policies.inForce(hybrid.latest());
    const ensured = await ensurePolicy(
      options.policy ?? inForce.table,
      inForce,
      author,
      commit,
      hybrid,
    );
    if (!ensured.ok) {
      await close();
      return ensured;
    }
  }
  const advice = new PolicyAdvice(policies, () => store.visibleStamp);
  const ingest = createIngest({
    log,
    store,
    commit,
    verify: effects.verify,
    wallMs,
    turn: () => effects.clock.turn(),
    realm: options.realm,
    signatures: options.signatures,
    supersessionRefusal: (target, author) => supersessions.refusal(target, author),
    policyWarnings: (prepared) => advice.warningsOf(prepared),
    ...(effects.ingestMetrics === undefined ? {} : { metrics: effects.ingestMetrics }),
  });
  const query = createQueryService({
    log,
    store,
    timeline: new NodeTimeline({ clock: effects.clock, hybrid, commit, store, logId: log.logId }),
    policies,
    taintOver: supersessions.taintOver,
    lenses: effects.lenses,
    clock: effects.clock,
    random: effects.random,
    cursorKey: cursorKeyOf(identity),
    loaderOf: (snapshot) => localCandidates(snapshot, identity.nodeId, shards),
    ...(options.queryLimits === undefined ? {} : { limits: options.queryLimits }),
  });
  const clockAheadMs = Math.max(0, stampMs(hybrid.latest()) - wallMs());
  return ok({
    identity,
    agentId,
    log,
    store,
    ingest,
    query,
    policies,
    report: { ...files.report, clockAheadMs },
    get writeFailure() {
      return commit.failure ?? log.failure;
    },
    close,
  });
};

/** Opens a database, making it when the directories are empty. */
export const openDatabase = async (
  options: DatabaseOptions,
  effects: Effects,
): Promise<Outcome<Database>> => {
  const locked = await lockDirectories(effects.disk, [options.walDir, options.dbDir]);
  if (!locked.ok) return locked;
  const release = locked.value;
  let opened: Outcome<Database> | undefined;
  try {
    const files = await openFiles(options, effects);
    opened = files.ok ? await assembleSound(files.value, options, effects, release) : files;
    return opened;
  } finally {
    if (opened?.ok !== true) await release();
  }
};

/** Assembles; a store or log that proves damaged only now is treated as at the replay. */
const assembleSound = async (
  files: Files,
  options: DatabaseOptions,
  effects: Effects,
  release: () => Promise<void>,
): Promise<Outcome<Database>> => {
  try {
    return await assemble(files, options, effects, release);
  } catch (error) {
    const damage = damageOf(error);
    if (damage?.code === 'store_corrupt' && files.report.storeRebuilt === undefined) {
      const remade = await remakeStore(files, damage.detail, options, effects);
      return remade.ok ? assembleSound(remade.value, options, effects, release) : remade;
    }
    await closeFiles(files);
    if (damage === undefined) throw error;
    return fail(damage);
  }
};

/** What is damaged, when that is what the error says: an entry, a pointer, or a frame of the log. */
const damageOf = (error: unknown): StemeError | undefined => {
  if (error instanceof StoreCorruption) {
    return { code: 'store_corrupt', detail: error.message, cause: error };
  }
  if (!(error instanceof DamagedRecord)) return undefined;
  // With a cause the log could not read the frame; without, the store pointed at another record.
  const code = error.cause === undefined ? 'store_corrupt' : 'log_corrupt';
  return { code, detail: error.message, cause: error };
};
