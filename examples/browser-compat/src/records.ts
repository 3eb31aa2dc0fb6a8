/** Records with their author's signature, as the demo sends them. */
import {
  type AgentId,
  type AssertionContent,
  canonicalBytes,
  type EpochContent,
  type JsonValue,
  type RecordContent,
  type RecordId,
  type RecordKind,
  recordIdOf,
  type SignatureHex,
  type SourceContent,
  type SupersessionContent,
} from '@stemedb/model';
import type { DemoKey } from './keys.js';

/** Signs the id of a record of this kind with the key of a 32-byte seed. */
export type SignRecord = (kind: RecordKind, target: RecordId, seed: Uint8Array) => SignatureHex;

export interface SignedRecord<Content extends RecordContent = RecordContent> {
  readonly id: RecordId;
  readonly content: Content;
  /** Its author's. */
  readonly signatures: readonly {
    readonly agent_id: AgentId;
    readonly signature: SignatureHex;
  }[];
}

export type SignedClaim = SignedRecord<AssertionContent>;
export type SignedSupersession = SignedRecord<SupersessionContent>;

/** What the demo states beside claims. */
export type SignedStatement = SignedRecord<EpochContent | SourceContent | SupersessionContent>;

/** Completes a record: its id follows from the content, which must be the key's own. */
export function signed<Content extends Exclude<RecordContent, { kind: 'attestation' }>>(
  content: Content,
  key: DemoKey,
  sign: SignRecord,
): SignedRecord<Content> {
  const id = recordIdOf(canonicalBytes(content as unknown as JsonValue));
  const signature = sign(content.kind, id, key.seed);
  return { id, content, signatures: [{ agent_id: key.agentId, signature }] };
}
