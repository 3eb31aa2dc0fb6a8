/** A database to ask, and a query service over it whose collaborators a test can spoil. */
import {
  type AgentId,
  type Answer,
  type AnswerResult,
  type AnswerWarning,
  canonicalBytes,
  type JsonObject,
  type JsonValue,
  type KeyPair,
  keyPairFromSeed,
  type Outcome,
  type RecordId,
  recordIdOf,
  type StemeError,
  sign,
} from '@stemedb/model';
import { Histories } from '../../src/bin/histories.js';
import type { Submission } from '../../src/ingest/ingest.js';
import type { Principal } from '../../src/ingest/principal.js';
import { LensRegistry } from '../../src/lens/registry.js';
import { localCandidates } from '../../src/query/local_candidates.js';
import { createQueryService, type QueryCollaborators } from '../../src/query/query_service.js';
import type { QueryService, Question } from '../../src/query/question.js';
import { singleNodeShards } from '../../src/store/shard_map.js';
import type { Store, StoreSnapshot } from '../../src/store/store.js';
import { type SimulatedDatabase, submit } from '../support/databases.js';

export const startMs = Date.UTC(2026, 0, 1);
export const dayMs = 86_400_000;
export const alice = keyPairFromSeed(new Uint8Array(32).fill(1));
export const bob = keyPairFromSeed(new Uint8Array(32).fill(2));
export const unknown = '9'.repeat(64);

export const claim = (value: JsonValue, more: JsonObject = {}): Submission => ({
  kind: 'assertion',
  content: { concept_path: 'a/b', predicate: 'p', value, asserted_at: startMs, ...more },
});

export const signedBy = (pair: KeyPair, { kind, content }: Submission): Submission => {
  const complete = { ...(content as JsonObject), kind, v: 1, agent_id: pair.agentId };
  const signature = sign(kind, recordIdOf(canonicalBytes(complete)), pair.secretSeed);
  return { kind, content: complete, signatures: [{ agent_id: pair.agentId, signature }] };
};

/** Submits in order; gives the ids. */
export const write = async (
  target: SimulatedDatabase,
  ...submissions: readonly Submission[]
): Promise<readonly RecordId[]> => {
  const ids: RecordId[] = [];
  for (const each of submissions) ids.push((await submit(target.database, each)) as RecordId);
  return ids;
};

export const question = (more: Partial<Question> = {}): Question => ({
  scope: { type: 'concept', conceptPath: 'a/b' },
  lens: 'recency',
  limit: 100,
  ...more,
});

export const principalOf = (target: SimulatedDatabase): Principal => ({
  type: 'node',
  agentId: target.database.agentId,
});

export const asked = (
  target: SimulatedDatabase,
  more: Partial<Question> = {},
): Promise<Outcome<Answer>> => target.database.query.ask(principalOf(target), question(more));

export const answered = async (outcome: Promise<Outcome<Answer>>): Promise<Answer> => {
  const answer = await outcome;
  if (!answer.ok) throw new Error(`${answer.error.code}: ${answer.error.detail}`);
  return answer.value;
};

export const refused = async (outcome: Promise<Outcome<unknown>>): Promise<StemeError> => {
  const answer = await outcome;
  if (answer.ok) throw new Error('It was answered.');
  return answer.error;
};

/** The only result; undefined when there is none. */
export const result = async (
  target: SimulatedDatabase,
  more: Partial<Question> = {},
): Promise<AnswerResult | undefined> => {
  const { results } = await answered(asked(target, more));
  if (results.length > 1) throw new Error('There are several results.');
  return results[0];
};

/** What an explanation says, as far as the tests look at it. */
export interface Explained {
  readonly candidates: readonly {
    readonly assertion: RecordId;
    readonly agent_id: AgentId;
    readonly origin_name: string;
    readonly class: string;
    readonly confidence: number;
    readonly effective_confidence: number;
    readonly trust: number;
    readonly lifecycle: string;
    readonly voice_of?: RecordId;
    readonly votes?: readonly {
      readonly vote: RecordId;
      readonly agent_id: AgentId;
      readonly weight: number;
    }[];
    readonly votes_count?: number;
    readonly warnings?: readonly AnswerWarning[];
    readonly reason: string;
  }[];
  readonly candidates_count: number;
  readonly next_offset?: number;
  readonly left_out: readonly { readonly assertion: RecordId; readonly reason: string }[];
  readonly left_out_count: number;
}

export const explained = async (
  target: SimulatedDatabase,
  more: Partial<Question> = {},
): Promise<Explained> => {
  const found = await result(target, { explain: true, ...more });
  if (found === undefined) throw new Error('There is no result.');
  return found.explain as Explained;
};

export const codesOf = (warnings: readonly AnswerWarning[] | undefined): readonly string[] =>
  (warnings ?? []).map(({ code }) => code);

/** How many snapshots were taken, and how many of them are still held. */
export interface SnapshotCount {
  taken: number;
  held: number;
}

const counting = (store: Store, count: SnapshotCount): Store =>
  new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== 'snapshot') return typeof value === 'function' ? value.bind(target) : value;
      return (): StoreSnapshot => {
        const snapshot = target.snapshot();
        count.taken += 1;
        count.held += 1;
        const release = snapshot.release.bind(snapshot);
        snapshot.release = () => {
          count.held -= 1;
          release();
        };
        return snapshot;
      };
    },
  });

/** A service of its own over the same records; `spoil` replaces collaborators. */
export const serviceOver = (
  target: SimulatedDatabase,
  spoil: Partial<QueryCollaborators> = {},
): { readonly query: QueryService; readonly snapshots: SnapshotCount } => {
  const { database, clock } = target;
  const snapshots: SnapshotCount = { taken: 0, held: 0 };
  const { store, log, policies, identity } = database;
  const shards = singleNodeShards(identity.nodeId);
  const query = createQueryService({
    log,
    store: counting(store, snapshots),
    timeline: {
      logId: log.logId,
      get visibleStamp() {
        return store.visibleStamp;
      },
      presentMs: () => clock.wallMs(),
      passMoment: async () => undefined,
      isFinal: () => true,
      waitFor: async (sequence) => store.appliedSequence >= sequence,
    },
    policies,
    rulesOver: new Histories(log, store).rulesOver,
    lenses: new LensRegistry(),
    clock,
    random: { bytes: (length) => new Uint8Array(length) },
    cursorKey: new Uint8Array(32),
    loaderOf: (snapshot) => localCandidates(snapshot, identity.nodeId, shards),
    ...spoil,
  });
  return { query, snapshots };
};
