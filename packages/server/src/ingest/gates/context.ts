/** What the gates ask of the rest of the node. */
import type {
  AgentId,
  AssertionContent,
  Ed25519Verify,
  RecordId,
  RecordKind,
} from '@stemedb/model';
import type { RecordPlace } from '../../store/store.js';
import type { RecordAuthor } from '../../trust/governance.js';
import type { ChildJudgement } from '../../trust/transitions.js';
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

/**
 * The rules about claims under the policy in force now. Here they advise: a record that comes past
 * the gates has its effect, or none, by the same rules on reading.
 */
export interface GateRules {
  /** The rule that keeps this author from superseding that record; undefined when none does. */
  supersessionRefusal(target: RecordId, author: AgentId): string | undefined;
  /** How a claim would stand: to its parent, or as a new claim when none is known. */
  judgeClaim(content: AssertionContent, byNode: boolean): ChildJudgement;
  /** The rule by which an alias of this author joins nothing yet; undefined when it does. */
  aliasRefusal(author: RecordAuthor): string | undefined;
  /** The rule by which a verdict of this author does not count; undefined when it does. */
  verdictRefusal(author: AgentId): string | undefined;
}
