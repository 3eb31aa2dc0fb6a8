/**
 * The content of every record kind, as its author stated it (spec 1). Defaults are applied on
 * reading, never stored, so an optional field that was left out stays left out.
 */
import type { AgentId, RecordId, SignatureHex } from './brand.js';

export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

export type JsonObject = { readonly [key: string]: JsonValue };

/** What a claim says: a scalar, a reference to another concept, or a JSON document. */
export type ClaimValue =
  | string
  | number
  | boolean
  | { readonly ref: string }
  | { readonly json: JsonValue };

export type Lifecycle = 'proposed' | 'under_review' | 'approved' | 'deprecated' | 'rejected';

interface Authored<Kind extends string> {
  readonly kind: Kind;
  readonly v: 1;
  readonly agent_id: AgentId;
  /** The author's time, in milliseconds since 1970-01-01T00:00:00Z. */
  readonly asserted_at: number;
}

interface Governed<Kind extends string> extends Authored<Kind> {
  readonly realm?: string;
}

export interface AssertionContent extends Authored<'assertion'> {
  readonly concept_path: string;
  readonly predicate: string;
  readonly value: ClaimValue;
  readonly unit?: string;
  readonly confidence?: number;
  readonly source_class?: string;
  readonly source?: RecordId;
  readonly source_uri?: string;
  readonly derived_from?: readonly RecordId[];
  readonly parent?: RecordId;
  readonly lifecycle?: Lifecycle;
  readonly epoch?: RecordId;
  readonly metadata?: { readonly [key: string]: string };
  readonly salt?: string;
}

export interface AttestationContent {
  readonly kind: 'attestation';
  readonly v: 1;
  readonly agent_id: AgentId;
  readonly target: RecordId;
  readonly signature: SignatureHex;
}

export interface VoteContent extends Governed<'vote'> {
  readonly target: RecordId;
  /** In [-1, 1]; 0 withdraws an earlier vote. */
  readonly weight: number;
  readonly note?: string;
}

export interface SourceContent extends Authored<'source'> {
  readonly title: string;
  readonly uri?: string;
  /** BLAKE3-256 of the source's own bytes, 64 lower-case hex digits. */
  readonly content_hash?: string;
  readonly class?: string;
  readonly content?: string;
  readonly published_at?: number;
  readonly salt?: string;
}

export interface EpochContent extends Governed<'epoch'> {
  readonly name: string;
  readonly supersedes?: readonly RecordId[];
  readonly description?: string;
}

export interface SupersessionContent extends Governed<'supersession'> {
  readonly target: RecordId;
  readonly action: 'replace' | 'retract' | 'restore';
  readonly reason: string;
  readonly replacement?: RecordId;
}

export interface AliasContent extends Governed<'alias'> {
  readonly a: string;
  readonly b: string;
  readonly reason?: string;
}

export interface VerdictContent extends Governed<'verdict'> {
  readonly target: RecordId;
  readonly outcome: 'accurate' | 'inaccurate';
  readonly note?: string;
}

export interface PolicyClass {
  readonly name: string;
  /** 0 is the best of the tiers 0..5. */
  readonly tier: number;
  /** In [0, 1]. */
  readonly weight: number;
  /** Days; left out for a class that never decays. */
  readonly half_life_days?: number;
}

export interface PolicyContent extends Governed<'policy'> {
  readonly classes: readonly PolicyClass[];
  /** Path scheme or source class hint -> class name. */
  readonly schemes: { readonly [scheme: string]: string };
  /** `self-declared` takes any stated class; `granted` takes each only as far as the grant. */
  readonly class_mode: 'self-declared' | 'granted';
  readonly grants: readonly { readonly agent_id: AgentId; readonly class: string }[];
  readonly governance: 'open' | 'owner' | 'steward';
  readonly stewards: readonly AgentId[];
  readonly verdict_agents: readonly AgentId[];
  readonly trust: {
    readonly initial: number;
    readonly accurate: number;
    readonly inaccurate: number;
    readonly half_life_days: number;
  };
}

export type RecordContent =
  | AssertionContent
  | AttestationContent
  | VoteContent
  | SourceContent
  | EpochContent
  | SupersessionContent
  | AliasContent
  | VerdictContent
  | PolicyContent;

export type RecordKind = RecordContent['kind'];
