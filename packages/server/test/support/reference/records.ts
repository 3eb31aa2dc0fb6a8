/**
 * The rules about claims restated from the specification, naively: everything is read from the
 * whole set of records anew, nothing is indexed, and no line is shared with the server. This part
 * knows which records there are at a moment, which policy was in force, and who may do what.
 */
import {
  type AgentId,
  decodeStored,
  defaultPolicyTable,
  type HlcStamp,
  type PolicyTable,
  type RecordContent,
  type RecordId,
  type RecordKind,
  recordIdOf,
  stampMs,
} from '@stemedb/model';
import type { MergeRecord } from '../../../src/ingest/ingest.js';

export type ContentOf<Kind extends RecordKind> = Extract<RecordContent, { kind: Kind }>;

export interface Known<Content = RecordContent> {
  readonly id: RecordId;
  readonly stamp: HlcStamp;
  readonly byNode: boolean;
  readonly content: Content;
}

export interface Owner {
  readonly agent: AgentId;
  readonly byNode: boolean;
}

/** The earlier of what the author says and of when it was recorded. */
export const effectiveMsOf = ({ stamp, content }: Known): number =>
  content.kind === 'attestation' ? stampMs(stamp) : Math.min(content.asserted_at, stampMs(stamp));

/** The last of some records by (effective time, id). */
export const lastOf = <One extends Known>(records: readonly One[]): One | undefined => {
  const isAfter = (one: One, other: One): boolean =>
    effectiveMsOf(one) === effectiveMsOf(other)
      ? one.id > other.id
      : effectiveMsOf(one) > effectiveMsOf(other);
  return records.find((one) => records.every((other) => one === other || isAfter(one, other)));
};

export class ReferenceRecords {
  readonly #known = new Map<RecordId, Known>();

  /** What is known as of a moment; the smallest stamp of an id counts. */
  constructor(
    records: readonly MergeRecord[],
    readonly asOf: HlcStamp,
  ) {
    for (const { bytes, stamp, proof } of records) {
      const id = recordIdOf(bytes);
      const earlier = this.#known.get(id);
      if (stamp > asOf || (earlier !== undefined && earlier.stamp <= stamp)) continue;
      this.#known.set(id, { id, stamp, byNode: proof === 'node', content: decodeStored(bytes) });
    }
  }

  get(id: RecordId): Known | undefined {
    return this.#known.get(id);
  }

  ofKind<Kind extends RecordKind>(kind: Kind): readonly Known<ContentOf<Kind>>[] {
    const all = [...this.#known.values()];
    return all.filter((one): one is Known<ContentOf<Kind>> => one.content.kind === kind);
  }

  claim(id: RecordId | undefined): Known<ContentOf<'assertion'>> | undefined {
    return this.ofKind('assertion').find((one) => one.id === id);
  }

  ownerOf(id: RecordId): Owner | undefined {
    const known = this.#known.get(id);
    return known === undefined
      ? undefined
      : { agent: known.content.agent_id, byNode: known.byNode };
  }

  policyAt(stamp: HlcStamp): PolicyTable {
    const policies = this.ofKind('policy').filter((policy) => policy.stamp <= stamp);
    return lastOf(policies)?.content ?? defaultPolicyTable;
  }

  isSteward(agent: AgentId, stamp: HlcStamp): boolean {
    return this.policyAt(stamp).stewards.includes(agent);
  }

  /** Whether an agent may, by a record of this stamp, supersede what is another's. */
  maySupersede(agent: AgentId, stamp: HlcStamp, owner: Owner): boolean {
    const { governance } = this.policyAt(stamp);
    if (governance === 'open' || this.isSteward(agent, stamp)) return true;
    return governance === 'owner' && (owner.byNode || owner.agent === agent);
  }

  /** What the last effective word on a record itself says, when that takes it out. */
  wordOn(id: RecordId): 'retract' | 'replace' | undefined {
    const owner = this.ownerOf(id);
    if (owner === undefined) return undefined;
    const words = this.ofKind('supersession').filter(
      ({ content, stamp }) =>
        (content.target === id || content.replacement === id) &&
        this.maySupersede(content.agent_id, stamp, owner),
    );
    const last = lastOf(words)?.content;
    if (last === undefined || last.target !== id || last.action === 'restore') return undefined;
    return last.action;
  }

  isEpochOut(epoch: RecordId): boolean {
    const owner = this.ownerOf(epoch);
    if (owner === undefined || this.get(epoch)?.content.kind !== 'epoch') return false;
    if (this.wordOn(epoch) !== undefined) return true;
    return this.ofKind('epoch').some(
      ({ id, stamp, content }) =>
        content.supersedes?.includes(epoch) === true &&
        this.wordOn(id) === undefined &&
        this.maySupersede(content.agent_id, stamp, owner),
    );
  }

  /** The paths that one is read under. */
  joined(path: string, aliases: 'effective' | 'all' | 'none'): ReadonlySet<string> {
    const used = this.ofKind('alias').filter(
      (alias) =>
        aliases !== 'none' &&
        this.wordOn(alias.id) === undefined &&
        (aliases === 'all' || this.isAliasEffective(alias)),
    );
    const reached = new Set([path]);
    for (const one of reached) {
      for (const { content } of used) {
        if (content.a === one) reached.add(content.b);
        if (content.b === one) reached.add(content.a);
      }
    }
    return reached;
  }

  isAliasEffective({ stamp, byNode, content }: Known<ContentOf<'alias'>>): boolean {
    const { governance } = this.policyAt(stamp);
    return governance === 'open' || byNode || this.isSteward(content.agent_id, stamp);
  }
}
