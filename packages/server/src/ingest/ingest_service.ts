/** `submit` and `merge` over the gates and the group commit; see `ingest.ts` for the contract. */
import type { AgentId, Ed25519Verify, Outcome, RecordId, StemeError } from '@stemedb/model';
import { attestedKind, fail, ok, validateContent } from '@stemedb/model';
import type { Log } from '../log/log.js';
import { formatPosition } from '../log/position.js';
import type { Store } from '../store/store.js';
import { type GateContext, type Prepared, prepare } from './gates.js';
import type { CommittedPlace, GroupCommit, PendingRecord } from './group_commit.js';
import type { Accepted, Ingest, MergeRecord, MergeResult, Submission, Warning } from './ingest.js';
import { prepareMerge } from './merge.js';
import type { Principal } from './principal.js';

export interface IngestCollaborators {
  readonly log: Log;
  readonly store: Store;
  readonly commit: GroupCommit;
  readonly verify: Ed25519Verify;
  readonly wallMs: () => number;
  readonly realm: string | undefined;
  readonly signatures: 'optional' | 'required';
  /** Warnings about a record that only the policy in force can give. */
  readonly policyWarnings: (prepared: Prepared) => readonly Warning[];
  readonly metrics?: IngestMetrics;
}

export interface IngestMetrics {
  recordsCreated(count: number): void;
}

const attestationKey = (id: RecordId, agent: AgentId): string => `${id}${agent}`;

/** Attestations among the submissions that verify: they prove records of the same call. */
const attestationsWithin = (
  submissions: readonly Submission[],
  verify: Ed25519Verify,
): ReadonlySet<string> => {
  const proved = new Set<string>();
  for (const { kind, content } of submissions) {
    if (kind !== 'attestation' || content === null || typeof content !== 'object') continue;
    const checked = validateContent({ v: 1, ...content, kind });
    if (!checked.ok || checked.value.kind !== 'attestation') continue;
    if (attestedKind(checked.value, verify) === undefined) continue;
    proved.add(attestationKey(checked.value.target, checked.value.agent_id));
  }
  return proved;
};

class IngestService implements Ingest {
  readonly #parts: IngestCollaborators;

  constructor(parts: IngestCollaborators) {
    this.#parts = parts;
  }

  get queueLength(): number {
    return this.#parts.commit.queueLength;
  }

  settle(): Promise<void> {
    return this.#parts.commit.settle();
  }

  async submit(principal: Principal, submission: Submission): Promise<Outcome<Accepted>> {
    const prepared = prepare(this.#gates(new Set()), principal, submission);
    return prepared.ok ? this.#commitPrepared(prepared.value) : prepared;
  }

  submitAll(
    principal: Principal,
    submissions: readonly Submission[],
  ): Promise<readonly Outcome<Accepted>[]> {
    const gates = this.#gates(attestationsWithin(submissions, this.#parts.verify));
    return Promise.all(
      submissions.map(async (submission) => {
        const prepared = prepare(gates, principal, submission);
        return prepared.ok ? this.#commitPrepared(prepared.value) : prepared;
      }),
    );
  }

  async merge(records: readonly MergeRecord[]): Promise<Outcome<MergeResult>> {
    const { wallMs, verify, store, log } = this.#parts;
    const refused: { index: number; error: StemeError }[] = [];
    const pending: PendingRecord[] = [];
    const shardsHere = new Map<RecordId, number>();
    const context = {
      wallMs,
      verify,
      shardOfTarget: (id: RecordId) => shardsHere.get(id) ?? store.place(id)?.shard,
    };
    for (const [index, record] of records.entries()) {
      const prepared = prepareMerge(context, record);
      if (!prepared.ok) {
        refused.push({ index, error: prepared.error });
        continue;
      }
      shardsHere.set(prepared.value.id, prepared.value.shard);
      pending.push(prepared.value);
    }
    const committed = await this.#parts.commit.commit(pending);
    if (!committed.ok) return committed;
    const created = committed.value.filter((place) => place.status === 'created').length;
    this.#parts.metrics?.recordsCreated(created);
    return ok({
      created,
      duplicate: committed.value.length - created,
      refused,
      position: formatPosition({ logId: log.logId, sequence: log.lastSequence }),
    });
  }

  #gates(attestedHere: ReadonlySet<string>): GateContext {
    const { wallMs, verify, realm, signatures, store } = this.#parts;
    return {
      wallMs,
      verify,
      realm,
      signatures,
      place: (id) => store.place(id),
      attested: (id, agent) =>
        attestedHere.has(attestationKey(id, agent)) || store.isAttestedBy(id, agent),
    };
  }

  async #commitPrepared(prepared: Prepared): Promise<Outcome<Accepted>> {
    const { record, attestations, content } = prepared;
    const committed = await this.#parts.commit.commit([...attestations, record]);
    if (!committed.ok) return committed;
    const place = committed.value.at(-1);
    if (place === undefined) return fail({ code: 'internal', detail: 'No place was committed.' });
    this.#parts.metrics?.recordsCreated(
      committed.value.filter(({ status }) => status === 'created').length,
    );
    return ok({
      id: record.id,
      status: place.status,
      record: content,
      stamp: place.stamp,
      sequence: place.sequence,
      position: this.#position(committed.value),
      warnings: [...prepared.warnings, ...this.#parts.policyWarnings(prepared)],
    });
  }

  /** The last sequence that this write depends on. */
  #position(places: readonly CommittedPlace[]): string {
    const last = places.reduce((max, { sequence }) => Math.max(max, sequence), 0);
    return formatPosition({ logId: this.#parts.log.logId, sequence: last });
  }
}

/** Makes the ingest room over its collaborators. */
export const createIngest = (parts: IngestCollaborators): Ingest => new IngestService(parts);
