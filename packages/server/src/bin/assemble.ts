/** Wires the rooms of a database over its open files. */
import type { AgentId, Outcome, RecordId } from '@stemedb/model';
import { blake3, HybridClock, keyPairFromSeed, ok, stampMs, zeroStamp } from '@stemedb/model';
import { GroupCommit } from '../ingest/group_commit.js';
import type { Ingest } from '../ingest/ingest.js';
import { createIngest } from '../ingest/ingest_service.js';
import { submittedId } from '../ingest/submitted_id.js';
import type { Identity } from '../log/identity.js';
import { type LogProofs, MerkleLog } from '../log/merkle/merkle_log.js';
import { CachedCandidates } from '../query/cached_candidates.js';
import { createFeed, type Feed } from '../query/feed.js';
import { Generations } from '../query/generations.js';
import { createImpacts } from '../query/impacts.js';
import { localCandidates } from '../query/local_candidates.js';
import { defaultCacheBytesMax, QueryCache } from '../query/query_cache.js';
import { createQueryService, type QueryCollaborators } from '../query/query_service.js';
import { createReadings } from '../query/readings.js';
import { createRecordReads } from '../query/record_reads.js';
import { SharedViews } from '../query/shared_views.js';
import { singleNodeShards } from '../store/shard_map.js';
import { Checkpoints } from './checkpoints.js';
import type { Database, DatabaseOptions, Effects } from './database_contract.js';
import { closeFiles, type Files } from './database_files.js';
import { Histories } from './histories.js';
import { NodeTimeline } from './node_timeline.js';
import { ensurePolicy, PolicyAdvice } from './policy_record.js';

const cursorKeyOf = (identity: Identity): Uint8Array => {
  const purpose = new TextEncoder().encode('stemedb cursor v1');
  return blake3(new Uint8Array([...purpose, ...identity.nodeKeySeed]));
};

/** A clock whose next stamp lies after the whole millisecond of the newest one in the files: that
 * millisecond may have been asked about. */
const clockAbove = ({ identity, log, store }: Files, wallMs: () => number): HybridClock => {
  const hybrid = new HybridClock(identity.nodeId, wallMs);
  for (const stamp of [log.lastStamp, store.visibleStamp]) {
    if (stamp !== undefined && stamp !== zeroStamp) hybrid.advancePast(stampMs(stamp));
  }
  return hybrid;
};

/** What the rooms of one database share. */
interface Parts {
  readonly files: Files;
  readonly options: DatabaseOptions;
  readonly effects: Effects;
  readonly agentId: AgentId;
  readonly hybrid: HybridClock;
  readonly histories: Histories;
  readonly cache: QueryCache;
  readonly views: SharedViews;
  readonly checkpoints: Checkpoints;
  readonly commit: GroupCommit;
  /** Called after each batch that became visible. */
  readonly afterVisible: Set<() => void>;
}

const partsOf = (files: Files, options: DatabaseOptions, effects: Effects): Parts => {
  const { identity, log, store } = files;
  const { agentId } = keyPairFromSeed(identity.nodeKeySeed);
  const hybrid = clockAbove(files, () => effects.clock.wallMs());
  const histories = new Histories(log, store);
  const generations = new Generations(store.visibleStamp);
  const cache = new QueryCache({
    bytesMax: options.cacheBytesMax ?? defaultCacheBytesMax,
    generations,
    metrics: effects.cacheMetrics,
  });
  const views = new SharedViews(store);
  const checkpoints = new Checkpoints(effects.clock, files, (error) =>
    effects.onCheckpointFailure?.(error),
  );
  const afterVisible = new Set<() => void>();
  const commit = new GroupCommit({
    log,
    store,
    clock: hybrid,
    monotonicMs: () => effects.clock.monotonicMs(),
    turn: () => effects.clock.turn(),
    onDurable: (records) => {
      files.tree.note(records);
      histories.note(records);
      generations.note(records);
    },
    onApplied: () => {
      views.retire();
      checkpoints.noteWrite();
      for (const note of afterVisible) note();
    },
    ...(effects.onWriteFailure === undefined ? {} : { onFailure: effects.onWriteFailure }),
    ...(effects.commitMetrics === undefined ? {} : { metrics: effects.commitMetrics }),
  });
  return {
    ...{ files, options, effects, agentId, hybrid, histories, cache, views, checkpoints, commit },
    afterVisible,
  };
};

/** Sees to it that the wanted policy is in force. */
const settlePolicy = async (parts: Parts): Promise<Outcome<void>> => {
  const { options, effects, agentId, hybrid, histories, commit } = parts;
  if (options.policy === 'as_recorded') return ok(undefined);
  const author = { agentId, wallMs: effects.clock.wallMs(), realm: options.realm };
  const inForce = histories.policies.inForce(hybrid.latest());
  return ensurePolicy(options.policy ?? inForce.table, inForce, author, commit, hybrid);
};

const ingestOf = ({ files, options, effects, histories, commit }: Parts): Ingest => {
  const { log, store } = files;
  const advice = new PolicyAdvice(histories.policies, () => store.visibleStamp);
  return createIngest({
    log,
    store,
    commit,
    verify: effects.verify,
    wallMs: () => effects.clock.wallMs(),
    turn: () => effects.clock.turn(),
    realm: options.realm,
    signatures: options.signatures,
    rules: histories,
    policyWarnings: (prepared) => advice.warningsOf(prepared),
    ...(effects.checks === undefined ? {} : { checks: effects.checks }),
    ...(effects.ingestMetrics === undefined ? {} : { metrics: effects.ingestMetrics }),
  });
};

type Readers = Pick<Database, 'query' | 'reads' | 'feed' | 'impacts'>;

/** The rooms that read, over one count of open readings. */
const readersOf = (parts: Parts, ingest: Ingest): Readers => {
  const { files, options, effects, hybrid, histories, cache, views, commit, afterVisible } = parts;
  const { identity, log, store } = files;
  const { clock } = effects;
  const cachedRows = new CachedCandidates(cache);
  const shards = singleNodeShards(identity.nodeId);
  const collaborators: QueryCollaborators = {
    log,
    store,
    views,
    timeline: new NodeTimeline({ clock, hybrid, commit, store, logId: log.logId }),
    policies: histories.policies,
    rulesOver: histories.rulesOver,
    lenses: effects.lenses,
    clock,
    random: effects.random,
    cursorKey: cursorKeyOf(identity),
    loaderOf: (snapshot) => localCandidates(cachedRows.over(snapshot), identity.nodeId, shards),
    cache,
    ...(options.queryLimits === undefined ? {} : { limits: options.queryLimits }),
  };
  const readings = createReadings(collaborators);
  const { verify } = effects;
  const { feedLimits: limits = {} } = options;
  const feed = createFeed({
    log,
    store,
    readings,
    clock,
    cursorKey: collaborators.cursorKey,
    limits,
  });
  afterVisible.add(() => feed.noteVisible());
  return {
    query: createQueryService(collaborators, readings),
    reads: createRecordReads({ ...collaborators, readings, verify }),
    feed,
    impacts: createImpacts({
      ...collaborators,
      readings,
      ingest,
      watch: (see) => commit.watch(see),
      submittedId: (principal, submission) => submittedId(principal, submission, clock.wallMs()),
    }),
  };
};

const proofsOf = (files: Files, options: DatabaseOptions, effects: Effects): LogProofs => {
  const { identity, tree, kept, store } = files;
  const { disk } = effects;
  const placeOf = (id: RecordId) => store.place(id);
  return new MerkleLog({ tree, kept, identity, disk, directory: options.walDir, placeOf });
};

/** Wires ingest and query; `release` gives the locks back when the database is closed. */
export const assemble = async (
  files: Files,
  options: DatabaseOptions,
  effects: Effects,
  release: () => Promise<void>,
): Promise<Outcome<Database>> => {
  const { identity, log, store } = files;
  const parts = partsOf(files, options, effects);
  const { agentId, hybrid, histories, views, checkpoints, commit } = parts;
  const close = async (feed?: Feed): Promise<void> => {
    await commit.close();
    try {
      await feed?.close();
      views.retire();
      await checkpoints.stop();
    } finally {
      await closeFiles(files);
      await release();
    }
  };
  const settled = await settlePolicy(parts);
  if (!settled.ok) {
    await close();
    return settled;
  }
  const clockAheadMs = Math.max(0, stampMs(hybrid.latest()) - effects.clock.wallMs());
  const ingest = ingestOf(parts);
  const readers = readersOf(parts, ingest);
  return ok({
    identity,
    agentId,
    log,
    store,
    ingest,
    ...readers,
    policies: histories.policies,
    proofs: proofsOf(files, options, effects),
    report: { ...files.report, clockAheadMs },
    get writeFailure() {
      return commit.failure ?? log.failure;
    },
    close: () => close(readers.feed),
  });
};
