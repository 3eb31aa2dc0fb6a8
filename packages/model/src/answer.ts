/**
 * Answers of the API, JSON-ready, as the server sends and the client receives them (spec 7). The
 * order of the fields is the order in the document.
 */
import type { AgentId, HlcStamp, RecordId, SignatureHex } from './brand.js';
import type { JsonValue, Lifecycle, RecordContent } from './record.js';

/** A question's answer: what one lens says at one moment. */
export interface Answer {
  readonly lens: string;
  /** RFC 3339 with milliseconds. */
  readonly as_of: string;
  /** Ask again with this `as_of` for exactly this answer. */
  readonly as_of_stamp: HlcStamp;
  /** True when later arrivals cannot change the answer. */
  readonly final: boolean;
  readonly policy: RecordId | null;
  readonly classes?: 'self-declared';
  readonly results: readonly AnswerResult[];
  readonly next_cursor?: string;
  readonly query_id: string;
}

export interface AnswerWarning {
  readonly code: string;
  readonly detail: string;
  readonly pointer?: string;
}

export interface AnswerValue<Value = JsonValue> {
  readonly value: Value;
  readonly unit?: string;
  readonly score: number;
  readonly share?: number;
  readonly support: number;
  readonly claims: number;
  readonly assertion: RecordId;
}

export interface AnswerTier<Value = JsonValue> {
  readonly tier: number;
  readonly class: string;
  readonly value: Value;
  readonly unit?: string;
  readonly confidence: number;
  readonly conflict_score: number;
  readonly candidates_count: number;
  readonly assertion: RecordId;
  readonly tied?: true;
}

/** A constraint that a concept states itself or has from an ancestor. */
export interface AnswerConstraint {
  readonly type: 'must_use' | 'forbidden' | 'prefer';
  /** What must be used, is forbidden or preferred: the rest of the predicate. */
  readonly subject: string;
  /** 0: stated of the concept that was asked about; 1: of its parent; and so on. */
  readonly distance: number;
  /** Concept paths, of those that were asked, which forbid what this demands or demand what
   * this forbids. */
  readonly contradicted_by?: readonly string[];
}

/** What one lens makes of the claims about one (concept, predicate). A node that composes one holds
 * values and records in forms of its own; whoever reads one has JSON. */
export interface AnswerResult<Value = JsonValue, Content = RecordContent> {
  readonly concept_path: string;
  readonly predicate: string;
  /** Absent under a lens that names no winner, such as `skeptic`. */
  readonly value?: Value;
  readonly unit?: string;
  readonly confidence?: number;
  /** 0: one value; 1: an even split. */
  readonly conflict_score: number;
  readonly entropy_bits: number;
  readonly values_count: number;
  readonly status: 'unanimous' | 'agreed' | 'contested';
  readonly candidates_count: number;
  /** The other concepts whose claims took part, by effective aliases; bytewise. */
  readonly aliases?: readonly string[];
  /** Under `constraints`: what the predicate asks of whom. */
  readonly constraint?: AnswerConstraint;
  readonly tied?: true;
  /** The other values that share the winning score. */
  readonly tied_with?: readonly AnswerValue<Value>[];
  readonly truncated?: number;
  /** The winning claim, with its recording time. */
  readonly assertion?: StatedRecord<Content>;
  /** The state in which the winning claim takes part, beside each one; what it states may need a
   * right that was missing. */
  readonly lifecycle?: Lifecycle;
  /** The first claim of the winner's chain of transitions, when it is one: whose voice it is. */
  readonly voice_of?: RecordId;
  /** Every value with its share, under `skeptic`. */
  readonly values?: readonly AnswerValue<Value>[];
  readonly tiers?: readonly AnswerTier<Value>[];
  readonly notes?: readonly string[];
  readonly warnings?: readonly AnswerWarning[];
  /** The factors behind the result; its members depend on the lens. */
  readonly explain?: object;
}

/** A record as stored, with what the node knows of it. */
export interface StatedRecord<Content = RecordContent> {
  readonly id: RecordId;
  readonly record: Content;
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
  /** At most 100: the author's own first, then by agent and signature. */
  readonly signatures?: readonly { readonly agent_id: AgentId; readonly signature: SignatureHex }[];
  /** How many there are, when that is more than are listed. */
  readonly signatures_count?: number;
  readonly warnings?: readonly AnswerWarning[];
}

/** The answer to one accepted write. */
export interface WriteAnswer {
  readonly id: RecordId;
  readonly status: 'created' | 'duplicate';
  readonly record: RecordContent;
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  /** Give it as `min_position` to any node: the question waits until it sees this write. */
  readonly position: string;
  readonly warnings?: readonly AnswerWarning[];
}

/** A record in a list: what it says, and whether it has an effect at the moment asked. */
export interface ListedRecord extends StatedRecord {
  /** False when the rule in `not_effective` keeps it from having one. */
  readonly effective: boolean;
  /** The rule, as a sentence. */
  readonly not_effective?: string;
}

/** Records of one kind, by recording stamp and id. */
export interface RecordList {
  /** RFC 3339 with milliseconds. */
  readonly as_of: string;
  readonly as_of_stamp: HlcStamp;
  readonly records: readonly ListedRecord[];
  readonly next_cursor?: string;
}

/** An assertion read on its own: the record, and what others have said of it. */
export interface AssertionDetail extends StatedRecord {
  /** The state in which it takes part; what was stated may need a right that was missing. */
  readonly lifecycle: Lifecycle;
  /** The child that took its place. */
  readonly succeeded_by?: RecordId;
  /** The first claim of its chain of transitions, whose voice it is. */
  readonly voice_of?: RecordId;
  /** Last votes of distinct voters; `listed` holds at most 100, the newest first. */
  readonly votes: {
    readonly voters: number;
    /** Sum of the last weights. */
    readonly sum: number;
    readonly listed: readonly ListedRecord[];
  };
  /** What was said to supersede it, at most 100, the newest first. */
  readonly supersessions: readonly ListedRecord[];
  /** With `proof=true`. */
  readonly inclusion?: InclusionProof;
}

/** How an answer would change, should the source be retracted. */
export interface Impact {
  readonly concept_path: string;
  readonly predicate: string;
  /** Null: no answer. */
  readonly old: AnswerResult | null;
  readonly new: AnswerResult | null;
}

export interface ImpactAnswer {
  readonly source: RecordId;
  readonly lens: string;
  readonly as_of: string;
  readonly as_of_stamp: HlcStamp;
  /** Give it as `if_position` to the retraction. */
  readonly position: string;
  /** Records that rest on the source, directly or through others. */
  readonly dependants: number;
  /** Ordered bytewise by path and predicate. */
  readonly impacts: readonly Impact[];
  readonly next_cursor?: string;
}

/** A record as the feed of a node states it. */
export interface FeedRecord {
  /** Give it as `since`: what follows this record. */
  readonly cursor: string;
  readonly id: RecordId;
  readonly record: RecordContent;
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  /** Under which this node logged it first. */
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
}

export interface FeedPage {
  /** In the order of this node's log. */
  readonly records: readonly FeedRecord[];
  /** Give it as `since` for what follows; always there. */
  readonly next_cursor: string;
  /** True when there was more to look at already. */
  readonly more: boolean;
}

/** Whether a record of a trace counts at the moment. `premise_out`: a premise is retracted. */
export type TraceState =
  | 'in_effect'
  | 'retracted'
  | 'replaced'
  | 'premise_out'
  | 'epoch_superseded'
  | 'without_effect';

/** One record of a trace. */
export interface TraceNode {
  readonly id: RecordId;
  readonly kind: string;
  /** What it says, without the members that `omitted` names because they are long. */
  readonly content: { readonly [name: string]: JsonValue };
  readonly omitted?: readonly string[];
  /** RFC 3339 with milliseconds. */
  readonly recorded_at: string;
  readonly recorded_stamp: HlcStamp;
  readonly proof: 'signature' | 'credential' | 'node';
  readonly state: TraceState;
  /** The record by which it is not in effect: a supersession, a premise, an epoch. */
  readonly because?: RecordId;
  readonly detail?: string;
  /** More hangs on it than the trace shows. */
  readonly truncated?: true;
}

/** Named by a record, and not here. */
export interface UnknownTraceNode {
  readonly id: RecordId;
  readonly unknown: true;
  readonly truncated?: true;
}

/** Outside of what the caller may see. */
export interface HiddenTraceNode {
  readonly hidden: true;
}

/** `from` names `to`. */
export interface TraceEdge {
  readonly from: RecordId;
  readonly to: RecordId;
  readonly type:
    | 'source'
    | 'derived_from'
    | 'parent'
    | 'epoch'
    | 'target'
    | 'replacement'
    | 'supersedes';
}

/** Where a record comes from, and what came of it. */
export interface TraceAnswer {
  readonly id: RecordId;
  /** RFC 3339 with milliseconds. */
  readonly as_of: string;
  readonly as_of_stamp: HlcStamp;
  /** The record itself first, then what it rests on, then what rests on it. */
  readonly nodes: readonly (TraceNode | UnknownTraceNode | HiddenTraceNode)[];
  readonly edges: readonly TraceEdge[];
  /** True when a bound left something out; the nodes where say so, too. */
  readonly truncated?: true;
}

/** What is said of an element or relation: names are `prov:` or `stemedb:` ones. */
export type ProvAttributes = {
  readonly [name: string]:
    | string
    | number
    | boolean
    | { readonly $: string; readonly type: string };
};

/** A trace as PROV-JSON: sections by name, in each what is told by its identifier. */
export interface ProvDocument {
  readonly prefix: { readonly [name: string]: string };
  readonly [section: string]: { readonly [id: string]: ProvAttributes | string };
}

/** The trust in one agent, and the verdicts that made it. */
export interface TrustAnswer {
  readonly agent_id: AgentId;
  readonly as_of: string;
  readonly as_of_stamp: HlcStamp;
  /** In [0, 1]. */
  readonly trust: number;
  readonly verdicts: number;
  /** The last 100 steps, oldest first. */
  readonly steps: readonly {
    readonly verdict: RecordId;
    readonly target: RecordId;
    readonly outcome: 'accurate' | 'inaccurate';
    /** RFC 3339 with milliseconds. */
    readonly effective_time: string;
    /** After the step. */
    readonly trust: number;
  }[];
}

/** Proves that a record is a leaf of the tree of a size (RFC 9162, 2.1.3). */
export interface InclusionProof {
  readonly id: RecordId;
  readonly recorded_stamp: HlcStamp;
  readonly leaf_index: number;
  readonly tree_size: number;
  /** SHA-256 hashes from the leaf's sibling up, base64. */
  readonly hashes: readonly string[];
  /** Root at `tree_size`, base64. */
  readonly root: string;
}

/** Proves that the tree of one size is the beginning of that of another (RFC 9162, 2.1.4). */
export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly from_root: string;
  readonly to_root: string;
  readonly hashes: readonly string[];
}
