/** What the gates ask of the rest of the node. */
import type {
  AgentId,
  AssertionContent,
  Ed25519Verify,
  Lifecycle,
  RecordId,
  RecordKind,
} from '@stemedb/model';
import type { RecordPlace } from '../../store/store.js';
import type { PendingRecord } from '../pending_record.js';

export interface GateContext {
  readonly wallMs: () => number;
  readonly verify: Ed25519Verify;
  readonly realm: string | undefined;
  readonly signatures: 'optional' | 'required';
  readonly place: (id: RecordId) => RecordPlace | undefined;
  /** True when a stored attestation by this agent is for this record of this kind. */
  readonly attested: (id: RecordId, agent: AgentId, kind: RecordKind) => boolean;
  /** The attestation of the same call that proves this; to be logged before the record. */
  readonly attestationHere: (
    id: RecordId,
    agent: AgentId,
    kind: RecordKind,
  ) => PendingRecord | undefined;
  readonly rules: GateRules;
}

/** Who states a record, as the rules look at authors. */
export interface StatingAuthor {
  readonly agentId: AgentId;
  /** True when the node states it for a caller who did not log in. */
  readonly byNode: boolean;
}

/** The claim that another names as its parent, as the rules see it now. */
export interface JudgedParent {
  readonly content: AssertionContent;
  /** In which it takes part. */
  readonly lifecycle: Lifecycle;
  /** The rule that keeps the child's author from taking its place; undefined when none does. */
  readonly refusal: string | undefined;
}

/**
 * The rules about claims under the policy in force now. Here they advise: a record that comes past
 * the gates has its effect, or none, by the same rules on reading.
 */
export interface GateRules {
  /** The rule that keeps this author from superseding that record; undefined when none does. */
  supersessionRefusal(target: RecordId, author: AgentId): string | undefined;
  /** Undefined when no claim with this id is known. */
  parent(id: RecordId, author: AgentId): Promise<JudgedParent | undefined>;
  /** True when a new claim of this author may begin in any state. */
  beginsInAnyState(author: StatingAuthor): boolean;
  /** The rule by which an alias of this author joins nothing yet; undefined when it does. */
  aliasRefusal(author: StatingAuthor): string | undefined;
  /** The rule by which a verdict of this author does not count; undefined when it does. */
  verdictRefusal(author: AgentId): string | undefined;
}
