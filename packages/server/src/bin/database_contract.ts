/** What a database is opened with, what it may touch, and what comes out. */
import type { AgentId, Ed25519Verify, PolicyTable, StemeError } from '@stemedb/model';
import type { GroupCommitMetrics } from '../ingest/group_commit.js';
import type { Ingest } from '../ingest/ingest.js';
import type { IngestMetrics } from '../ingest/ingest_service.js';
import type { SignatureChecks } from '../ingest/signature_checks.js';
import type { Clock } from '../io/clock.js';
import type { Disk } from '../io/disk.js';
import type { Random } from '../io/random.js';
import type { LensRegistry } from '../lens/registry.js';
import type { Identity } from '../log/identity.js';
import type { Log } from '../log/log.js';
import type { LogProofs } from '../log/merkle/merkle_log.js';
import type { LogMetrics } from '../log/metrics.js';
import type { OpenReport } from '../log/open_log.js';
import type { Feed } from '../query/feed.js';
import type { FeedLimits } from '../query/feed_limits.js';
import type { Impacts } from '../query/impacts.js';
import type { CacheMetrics } from '../query/query_cache.js';
import type { QueryLimits } from '../query/query_service.js';
import type { QueryService } from '../query/question.js';
import type { RecordReads } from '../query/record_reads.js';
import type { StoreMetrics } from '../store/measured.js';
import type { ReplayProgress } from '../store/replay.js';
import type { Store } from '../store/store.js';
import type { PolicyHistory } from '../trust/policy_history.js';
import type { OpenEngine } from './store_files.js';

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
  readonly queryLimits?: Partial<QueryLimits>;
  readonly feedLimits?: Partial<FeedLimits>;
  /** Memory for answers, candidate rows and records that are kept, bytes; 0 keeps none. */
  readonly cacheBytesMax?: number;
}

export interface Effects {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  readonly openEngine: OpenEngine;
  readonly verify: Ed25519Verify;
  /** Where signatures of writes may be verified beside this thread; whoever gives it closes it. */
  readonly checks?: SignatureChecks;
  readonly lenses: LensRegistry;
  readonly logMetrics?: LogMetrics;
  readonly ingestMetrics?: IngestMetrics;
  readonly commitMetrics?: GroupCommitMetrics;
  readonly cacheMetrics?: CacheMetrics;
  readonly storeMetrics?: StoreMetrics;
  /** Told when writing has ended and only a restart helps; by the log, and by who writes to it. */
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
  /** Why the file of the Merkle tree was made anew, when it was. */
  readonly treeRebuilt: string | undefined;
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
  /** Records of every kind beside the questions: lists, details, trust. */
  readonly reads: RecordReads;
  /** The log, record by record. */
  readonly feed: Feed;
  readonly impacts: Impacts;
  readonly policies: PolicyHistory;
  /** Checkpoints and proofs of the Merkle log. */
  readonly proofs: LogProofs;
  readonly report: DatabaseReport;
  /** Why writing has ended, if it has. */
  readonly writeFailure: StemeError | undefined;
  /** Answers what is under way, closes the log in order and gives the locks back. */
  close(): Promise<void>;
}
