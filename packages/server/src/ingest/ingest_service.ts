/** `submit` and `merge` over the gates and the group commit; see `ingest.ts` for the contract. */
import type { Ed25519Verify, Outcome, RecordId, StemeError } from '@stemedb/model';
import { fail, kindNumber, ok } from '@stemedb/model';
import type { Log } from '../log/log.js';
import { formatPosition } from '../log/position.js';
import { StoreCorruption } from '../store/corruption.js';
import type { Store } from '../store/store.js';
import { CallAttestations, isAttested } from './attestations.js';
import type { GateContext, GateRules } from './gates/context.js';
import { decide, identify, type Prepared, signatureChecks } from './gates.js';
import type { GroupCommit } from './group_commit.js';
import type { Identified } from './identified.js';
import type { Accepted, Ingest, MergeRecord, MergeResult, Submission, Warning } from './ingest.js';
import { prepareMerge } from './merge.js';
import type { CommittedPlace, PendingRecord } from './pending_record.js';
import type { Principal } from './principal.js';
import type { SignatureChecks } from './signature_checks.js';

export interface IngestCollaborators {
  readonly log: Log;
  readonly store: Store;
  readonly commit: GroupCommit;
  readonly verify: Ed25519Verify;
  /** Where signatures may be verified beside this thread; without it all are verified here. */
  readonly checks?: SignatureChecks;
  readonly wallMs: () => number;
  /** Lets everything else that is ready have its turn. */
  readonly turn: () => Promise<void>;
  readonly realm: string | undefined;
  readonly signatures: 'optional' | 'required';
  readonly rules: GateRules;
  /** Warnings about a record that only the policy in force can give. */
  readonly policyWarnings: (prepared: Prepared) => readonly Warning[];
  readonly metrics?: IngestMetrics;
}

export interface IngestMetrics {
  assertionsCreated(count: number): void;
}

/** Signature checks between two turns that a large call leaves to others: some 2 ms of work. */
const checksPerTurn = 64;

/** A record that passed the gates, and where it and what came with it were committed. */
interface Committed {
  readonly prepared: Prepared;
  readonly places: readonly CommittedPlace[];
}

/** What is committed together: a record behind the attestations that prove it. */
const unitOf = ({ record, attestations }: Prepared): readonly PendingRecord[] =>
  attestations.length === 0 ? [record] : [...attestations, record];

/** Values that come in any order, each once; `all` resolves with the last. */
class Gathered<Value> {
  readonly all: Promise<readonly Value[]>;
  readonly #values: Value[];
  #missing: number;
  #isComplete: (values: readonly Value[]) => void = () => undefined;

  constructor(count: number) {
    this.#values = new Array(count);
    this.#missing = count;
    this.all = new Promise((resolve) => {
      this.#isComplete = resolve;
    });
    if (count === 0) this.#isComplete(this.#values);
  }

  set(at: number, value: Value): void {
    this.#values[at] = value;
    this.#missing -= 1;
    if (this.#missing === 0) this.#isComplete(this.#values);
  }
}

class IngestService implements Ingest {
  readonly #parts: IngestCollaborators;
  /** For a record that comes alone. */
  readonly #gatesAlone: GateContext;
  #checks = 0;
  #turn: Promise<void> | undefined;

  constructor(parts: IngestCollaborators) {
    this.#parts = parts;
    this.#gatesAlone = this.#gates(new CallAttestations(parts.verify));
  }

  get queueLength(): number {
    return this.#parts.commit.queueLength;
  }

  settle(): Promise<void> {
    return this.#parts.commit.settle();
  }

  submit(principal: Principal, submission: Submission): Promise<Outcome<Accepted>> {
    const identified = identify(this.#gatesAlone, principal, submission);
    if (!identified.ok) return Promise.resolve(identified);
    return this.#decideAndCommit(this.#gatesAlone, identified.value);
  }

  submitConcurrently(principal: Principal, submission: Submission): Promise<Outcome<Accepted>> {
    const identified = identify(this.#gatesAlone, principal, submission);
    if (!identified.ok) return Promise.resolve(identified);
    const verdicts = this.#isAlone() ? undefined : this.#verifyElsewhere(identified.value);
    if (verdicts === undefined) return this.#decideAndCommit(this.#gatesAlone, identified.value);
    return verdicts.then((known) =>
      this.#decideAndCommit(this.#gatesAlone, identified.value, known),
    );
  }

  async submitAll(
    principal: Principal,
    submissions: readonly Submission[],
  ): Promise<readonly Outcome<Accepted>[]> {
    const here = new CallAttestations(this.#parts.verify);
    for (const submission of submissions) {
      here.add(submission);
      const wait = this.#spend(submission.kind === 'attestation' ? 1 : 0);
      if (wait !== undefined) await wait;
    }
    const gates = this.#gates(here);
    const records: Outcome<Identified>[] = [];
    const verifying: (Promise<readonly boolean[]> | undefined)[] = [];
    for (const submission of submissions) {
      const wait = this.#spend(1);
      if (wait !== undefined) await wait;
      const identified = identify(gates, principal, submission);
      records.push(identified);
      verifying.push(identified.ok ? this.#verifyElsewhere(identified.value) : undefined);
    }
    const verdicts = verifying.some((one) => one !== undefined) ? await Promise.all(verifying) : [];
    return this.#commitInOrder(gates, records, verdicts);
  }

  /** Decides and commits the records of a call; in one turn where the queue has room. */
  async #commitInOrder(
    gates: GateContext,
    records: readonly Outcome<Identified>[],
    verdicts: readonly (readonly boolean[] | undefined)[],
  ): Promise<readonly Outcome<Accepted>[]> {
    const committed = new Gathered<Outcome<Committed>>(records.length);
    for (const [at, identified] of records.entries()) {
      if (!identified.ok) {
        committed.set(at, identified);
        continue;
      }
      const { signatures = [] } = identified.value.submission;
      const checks = verdicts[at] === undefined ? signatures.length : 0;
      const wait = this.#parts.commit.isBusy ? this.#giveWay() : this.#spend(checks);
      if (wait !== undefined) await wait;
      // Many wait for the same turn, and those before may have filled the queue again.
      while (this.#parts.commit.isBusy) await this.#giveWay();
      const prepared = this.#decide(gates, identified.value, verdicts[at]);
      if (!prepared.ok) {
        committed.set(at, prepared);
        continue;
      }
      const { value } = prepared;
      // One promise for the call: one for each record costs more than forming the batch does.
      this.#parts.commit.enqueue(unitOf(value), (outcome) =>
        committed.set(at, outcome.ok ? ok({ prepared: value, places: outcome.value }) : outcome),
      );
    }
    const outcomes = await committed.all;
    return outcomes.map((outcome) => (outcome.ok ? this.#accepted(outcome.value) : outcome));
  }

  /** True when verifying here makes nobody wait who would not wait for another thread as well. */
  #isAlone(): boolean {
    return this.#parts.commit.isIdle && this.#parts.checks?.isBusy !== true;
  }

  /** The verdicts on all signatures of a record; undefined when they are to be had here. */
  #verifyElsewhere(identified: Identified): Promise<readonly boolean[]> | undefined {
    if (this.#parts.checks === undefined) return undefined;
    const checks = signatureChecks(identified);
    return checks === undefined ? undefined : this.#parts.checks.verify(checks);
  }

  #decideAndCommit(
    gates: GateContext,
    identified: Identified,
    verdicts?: readonly boolean[],
  ): Promise<Outcome<Accepted>> {
    const prepared = this.#decide(gates, identified, verdicts);
    return prepared.ok ? this.#commitPrepared(prepared.value) : Promise.resolve(prepared);
  }

  /** Counts work of large calls; every so often others have their turn, and a full queue drains.
   * Undefined in between: even a microtask would part what shall share a batch. */
  #spend(checks: number): Promise<void> | undefined {
    this.#checks += checks;
    if (this.#checks < checksPerTurn) return undefined;
    this.#checks = 0;
    return this.#giveWay();
  }

  async #giveWay(): Promise<void> {
    do await this.#nextTurn();
    while (this.#parts.commit.isBusy);
  }

  /** One turn for all who wait for it: a stream whose lines come one by one has a thousand calls
   * under way, and with a turn for each of them everybody's turns would take long. */
  #nextTurn(): Promise<void> {
    this.#turn ??= this.#parts.turn().then(() => {
      this.#turn = undefined;
    });
    return this.#turn;
  }

  /** The last gates; a damaged entry of the store refuses this record and no other. */
  #decide(
    gates: GateContext,
    identified: Identified,
    verdicts: readonly boolean[] | undefined,
  ): Outcome<Prepared> {
    try {
      return decide(gates, identified, verdicts);
    } catch (cause) {
      if (!(cause instanceof StoreCorruption)) throw cause;
      const detail = `${cause.message} Run \`stemedb verify\`, then \`stemedb rebuild\`.`;
      return fail({ code: 'store_corrupt', detail, cause });
    }
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
    this.#countAssertions(pending, committed.value);
    return ok({
      created,
      duplicate: committed.value.length - created,
      refused,
      position: formatPosition({ logId: log.logId, sequence: log.lastSequence }),
    });
  }

  #gates(here: CallAttestations): GateContext {
    const { wallMs, verify, realm, signatures, store, rules } = this.#parts;
    return {
      wallMs,
      verify,
      realm,
      signatures,
      place: (id) => store.place(id),
      attested: (id, agent, kind) => isAttested(this.#parts, id, agent, kind),
      attestationHere: (id, agent, kind) => here.find(id, agent, kind),
      rules,
    };
  }

  #commitPrepared(prepared: Prepared): Promise<Outcome<Accepted>> {
    return this.#parts.commit
      .commit(unitOf(prepared))
      .then((places) => (places.ok ? this.#accepted({ prepared, places: places.value }) : places));
  }

  #accepted({ prepared, places }: Committed): Outcome<Accepted> {
    const place = places.at(-1);
    if (place === undefined) return fail({ code: 'internal', detail: 'No place was committed.' });
    const { status, stamp, sequence } = place;
    if (status === 'created' && prepared.record.kind === kindNumber.assertion) {
      this.#parts.metrics?.assertionsCreated(1);
    }
    const byPolicy = this.#parts.policyWarnings(prepared);
    return ok({
      id: prepared.record.id,
      status,
      bytes: prepared.record.bytes,
      stamp,
      sequence,
      position: this.#position(places),
      warnings: byPolicy.length === 0 ? prepared.warnings : [...prepared.warnings, ...byPolicy],
    });
  }

  #countAssertions(records: readonly PendingRecord[], places: readonly CommittedPlace[]): void {
    let created = 0;
    for (const [at, { status }] of places.entries()) {
      if (status === 'created' && records[at]?.kind === kindNumber.assertion) created += 1;
    }
    if (created > 0) this.#parts.metrics?.assertionsCreated(created);
  }

  /** The last sequence that this write depends on. */
  #position(places: readonly CommittedPlace[]): string {
    let last = 0;
    for (const { sequence } of places) if (sequence > last) last = sequence;
    return formatPosition({ logId: this.#parts.log.logId, sequence: last });
  }
}

/** Makes the ingest room over its collaborators. */
export const createIngest = (parts: IngestCollaborators): Ingest => new IngestService(parts);
