/**
 * The store: indexes over the log that can be deleted and rebuilt at any time (spec 5). Content
 * stays in the log; the store holds pointers, fixed-size candidate rows and dictionaries.
 */
import type { AgentId, HlcStamp, RecordContent, RecordId } from '@stemedb/model';
import type { CommittedRecord } from '../log/log.js';
import type { CandidateLoader, Pair } from './candidate_loader.js';
import type { Relation } from './keys.js';

/** What a claim cites, in the order in which its origin is looked for (spec 6, Origin). */
export interface OriginExpression {
  readonly derivedFrom: readonly RecordId[];
  readonly source: RecordId | undefined;
  readonly sourceUri: string | undefined;
  readonly agent: AgentId;
}

/** Where a record stands. */
export interface RecordPlace {
  readonly sequence: number;
  readonly offset: number;
  readonly kind: number;
  /** The shard that the frame carries. */
  readonly shard: number;
  /** The smallest stamp under which this id was recorded: sequence and offset are of that frame. */
  readonly stamp: HlcStamp;
}

export interface PlacedRecord {
  readonly id: RecordId;
  readonly place: RecordPlace;
}

/** A record that refers to another one, with who wrote it. */
export interface PlacedReference extends PlacedRecord {
  /** Its author: a number of the dictionary of agents. */
  readonly agentNumber: number;
}

export interface PairQuery {
  /**
   * Exactly this concept; or a prefix of whole segments: that concept and all below it, or with a
   * `/` at its end only what is below; or all.
   */
  readonly scope:
    | { readonly type: 'concept'; readonly conceptPath: string }
    | { readonly type: 'prefix'; readonly prefix: string }
    | { readonly type: 'all' };
  readonly predicate?: string;
  /** Only pairs that order after this one, bytewise by (path, predicate). */
  readonly after?: Pair;
}

/** A consistent view: everything of it comes from one applied state. Must be released. */
export interface StoreSnapshot extends CandidateLoader {
  /** A read met damage in the files below: a new snapshot may read what this one cannot. */
  readonly isBroken: boolean;
  readonly appliedSequence: number;
  /** Newest stamp that was applied; what a question without `as_of` is answered at. */
  readonly visibleStamp: HlcStamp;
  readonly assertionCount: number;
  readonly recordCount: number;
  place(id: RecordId): RecordPlace | undefined;
  /** The record that rows and lists name by this sequence: that of its first frame. */
  placeOfSequence(sequence: number): RecordPlace | undefined;
  /** Pairs that have a claim, ordered bytewise by (path, predicate). */
  pairs(query: PairQuery): Iterable<Pair>;
  agent(number: number): AgentId;
  className(number: number): string | undefined;
  epoch(number: number): RecordId | undefined;
  originExpression(number: number): OriginExpression;
  /** Ids of the attestations of a record, with their places and signers, by sequence. */
  attestations(target: RecordId): Iterable<PlacedReference>;
  /** Records of one kind by sequence, for the few kinds that are few (policy, source, epoch):
   * every kind but assertions and attestations. */
  ofKind(kind: number): Iterable<PlacedRecord>;
  /** Records that name this one as their source, premise, parent, target ..., by sequence. */
  dependants(target: RecordId, relation: Relation): Iterable<PlacedReference>;
  /** Records of one author, by sequence. */
  ofAgent(agent: AgentId): Iterable<PlacedRecord>;
  /** How many claims a pair has, of whatever moment and state; 0 when it is not known. */
  claimCount(pair: Pair): number;
  release(): void;
}

/** A record to apply, with its content parsed (undefined: of unknown kind or version). */
export interface ApplicableRecord extends CommittedRecord {
  readonly content: RecordContent | undefined;
}

export interface Store {
  readonly appliedSequence: number;
  /** Offset of the frame of the last record applied; 0 when there is none. */
  readonly appliedOffset: number;
  /** Entries found corrupt since opening. */
  readonly corruptEntries: number;
  /** Newest stamp applied so far. */
  readonly visibleStamp: HlcStamp;
  /** Counts of what was applied, by distinct id; they cost no snapshot. */
  readonly assertionCount: number;
  readonly recordCount: number;
  /** True when the record is here, with the smallest stamp known for it. */
  place(id: RecordId): RecordPlace | undefined;
  /** True when an attestation by this agent on this record has been applied. */
  isAttestedBy(target: RecordId, agent: AgentId): boolean;
  snapshot(): StoreSnapshot;
  /** Applies the next records of the log as one transaction; resolves when they are visible. */
  apply(batch: readonly ApplicableRecord[]): Promise<void>;
  /** Makes what was applied durable; returns the sequence that a recovery may start after. */
  checkpoint(): Promise<number>;
  diskBytes(): Promise<number>;
  close(): Promise<void>;
}
