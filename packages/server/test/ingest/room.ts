/** The ingest room over a real log on a simulated disk, with a store that a test can hold up. */
import {
  type AgentId,
  canonicalBytes,
  fromHex,
  HybridClock,
  type JsonObject,
  type JsonValue,
  type KeyPair,
  keyPairFromSeed,
  type Outcome,
  type RecordId,
  recordIdOf,
  type StemeError,
  sign,
  zeroStamp,
} from '@stemedb/model';
import { type GroupCommitLimits, groupCommitLimits } from '../../src/ingest/commit_queue.js';
import type { GateRules } from '../../src/ingest/gates/context.js';
import { GroupCommit } from '../../src/ingest/group_commit.js';
import type { Accepted, Ingest, Submission } from '../../src/ingest/ingest.js';
import { createIngest } from '../../src/ingest/ingest_service.js';
import type { Principal } from '../../src/ingest/principal.js';
import type { SignatureChecks } from '../../src/ingest/signature_checks.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import type { Log, LogRecord } from '../../src/log/log.js';
import { openLog } from '../../src/log/open_log.js';
import { memoryEngine } from '../../src/store/engine_memory.js';
import { openStore } from '../../src/store/hybrid_store.js';
import type { ApplicableRecord, Store, StoreSnapshot } from '../../src/store/store.js';
import { PolicyHistory } from '../../src/trust/policy_history.js';
import { judgeNew } from '../../src/trust/transitions.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';

export const startMs = Date.UTC(2026, 0, 1);

/** A store whose next applications wait for `open`, or fail. */
class HeldStore implements Store {
  readonly #inner: Store;
  #gate: Promise<void> = Promise.resolve();
  #opened = (): void => undefined;
  failure: Error | undefined;
  /** Records of each application, in order. */
  readonly applied: number[] = [];

  constructor(inner: Store) {
    this.#inner = inner;
  }

  hold(): void {
    this.#gate = new Promise((resolve) => {
      this.#opened = resolve;
    });
  }

  open(): void {
    this.#opened();
  }

  get appliedSequence(): number {
    return this.#inner.appliedSequence;
  }

  get appliedOffset(): number {
    return this.#inner.appliedOffset;
  }

  get assertionCount(): number {
    return this.#inner.assertionCount;
  }

  get recordCount(): number {
    return this.#inner.recordCount;
  }

  get corruptEntries(): number {
    return this.#inner.corruptEntries;
  }

  get visibleStamp(): Store['visibleStamp'] {
    return this.#inner.visibleStamp;
  }

  place(id: RecordId): ReturnType<Store['place']> {
    return this.#inner.place(id);
  }

  isAttestedBy(target: RecordId, agent: AgentId): boolean {
    return this.#inner.isAttestedBy(target, agent);
  }

  snapshot(): StoreSnapshot {
    return this.#inner.snapshot();
  }

  async apply(batch: readonly ApplicableRecord[]): Promise<void> {
    await this.#gate;
    if (this.failure !== undefined) throw this.failure;
    await this.#inner.apply(batch);
    this.applied.push(batch.length);
  }

  checkpoint(): Promise<number> {
    return this.#inner.checkpoint();
  }

  diskBytes(): Promise<number> {
    return this.#inner.diskBytes();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

export interface Room {
  readonly ingest: Ingest;
  readonly commit: GroupCommit;
  readonly log: Log;
  readonly store: HeldStore;
  readonly disk: SimulatedDisk;
  readonly clock: SimulatedClock;
  readonly hybrid: HybridClock;
  /** What `onFailure` was called with. */
  readonly failures: StemeError[];
  /** Records of each append that succeeded or failed, in order. */
  readonly appends: number[];
}

const countedLog = (log: Log, appends: number[]): Log =>
  new Proxy(log, {
    get(target, name) {
      if (name === 'append') {
        return (batch: Parameters<Log['append']>[0]) => {
          appends.push(batch.length);
          return target.append(batch);
        };
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });

const valueIn = <T>(outcome: Outcome<T>): T => {
  if (!outcome.ok) throw new Error(`${outcome.error.code}: ${outcome.error.detail}`);
  return outcome.value;
};

/** Rules under which nothing is governed and every claim is a new one. */
const permissiveRules: GateRules = {
  supersessionRefusal: () => undefined,
  judgeClaim: (content, byNode) =>
    judgeNew(new PolicyHistory().inForce(zeroStamp), {
      content,
      author: { agentId: content.agent_id, byNode },
    }),
  aliasRefusal: () => undefined,
  verdictRefusal: () => undefined,
};

export const openRoom = async (
  options: {
    readonly realm?: string;
    readonly signatures?: 'optional' | 'required';
    readonly limits?: Partial<GroupCommitLimits>;
    readonly rules?: Partial<GateRules>;
    readonly checks?: SignatureChecks;
    readonly onApplied?: () => void;
  } = {},
): Promise<Room> => {
  const disk = new SimulatedDisk();
  await disk.makeDirectory('/wal');
  const clock = new SimulatedClock(startMs);
  const ids = { databaseId: 'd'.repeat(32), logId: 'a'.repeat(32) };
  const opened = valueIn(await openLog(disk, clock, { directory: '/wal', ...ids }));
  const appends: number[] = [];
  const log = countedLog(opened.log, appends);
  const store = new HeldStore(valueIn(await openStore(memoryEngine(), ids)));
  const hybrid = new HybridClock('1'.repeat(16), () => clock.wallMs());
  const failures: StemeError[] = [];
  const commit = new GroupCommit({
    log,
    store,
    clock: hybrid,
    monotonicMs: () => clock.monotonicMs(),
    turn: () => clock.turn(),
    limits: { ...groupCommitLimits, ...options.limits },
    onFailure: (error) => failures.push(error),
    ...(options.onApplied === undefined ? {} : { onApplied: options.onApplied }),
  });
  const ingest = createIngest({
    log,
    store,
    commit,
    verify: sodiumVerify,
    wallMs: () => clock.wallMs(),
    turn: () => clock.turn(),
    realm: options.realm,
    signatures: options.signatures ?? 'optional',
    rules: { ...permissiveRules, ...options.rules },
    policyWarnings: () => [],
    ...(options.checks === undefined ? {} : { checks: options.checks }),
  });
  return { ingest, commit, log, store, disk, clock, hybrid, failures, appends };
};

export const author = keyPairFromSeed(new Uint8Array(32).fill(1));
export const other = keyPairFromSeed(new Uint8Array(32).fill(2));
export const node: Principal = { type: 'node', agentId: author.agentId };

export const keyOf = (role: 'reader' | 'writer' | 'admin'): Principal => ({
  type: 'key',
  keyId: 'k1',
  role,
  agentId: author.agentId,
});

/** A claim about the time that the room's clock begins with. */
export const claim = (value: JsonValue = true, more: JsonObject = {}): Submission => ({
  kind: 'assertion',
  content: { concept_path: 'a/b', predicate: 'p', value, asserted_at: startMs, ...more },
});

/** Complete content of a record by this agent. */
export const contentBy = (pair: KeyPair, { kind, content }: Submission): JsonObject => ({
  ...(content as JsonObject),
  kind,
  v: 1,
  agent_id: pair.agentId,
});

export const idOf = (content: JsonObject): RecordId => recordIdOf(canonicalBytes(content));

/** The submission with its author stated, and with the signatures of these agents. */
export const signedBy = (
  pair: KeyPair,
  submission: Submission,
  signers: readonly KeyPair[] = [pair],
): Submission => {
  const content = contentBy(pair, submission);
  const id = idOf(content);
  const signatures = signers.map(({ agentId, secretSeed }) => ({
    agent_id: agentId,
    signature: sign(submission.kind, id, secretSeed),
  }));
  return { kind: submission.kind, content, signatures };
};

/** The attestation of this agent on a record. */
export const attestationOf = (
  pair: KeyPair,
  target: RecordId,
  kind: Submission['kind'] = 'assertion',
): Submission => ({
  kind: 'attestation',
  content: { target, agent_id: pair.agentId, signature: sign(kind, target, pair.secretSeed) },
});

export const accepted = (outcome: Outcome<Accepted>): Accepted => valueIn(outcome);

export const refused = (outcome: Outcome<unknown>): StemeError => {
  if (outcome.ok) throw new Error('It was accepted.');
  return outcome.error;
};

export const recordsOf = async ({ log }: Room): Promise<readonly LogRecord[]> => {
  const records: LogRecord[] = [];
  for await (const chunk of log.iterate({ sequence: 1 })) records.push(...chunk);
  return records;
};

/** Ids of the log in order. */
export const idsOf = async (room: Room): Promise<readonly RecordId[]> =>
  (await recordsOf(room)).map(({ bytes }) => recordIdOf(bytes));

/** A signature with its last bit turned. */
export const spoiled = (signature: string): string => {
  const bytes = fromHex(signature);
  bytes[40] = (bytes[40] ?? 0) ^ 1;
  return Buffer.from(bytes).toString('hex');
};
