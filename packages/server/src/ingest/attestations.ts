/**
 * Attestations that prove the author of a record which carries no signature of its own: those of
 * the same call, and those that were stored before. Only a signature made for the kind of the
 * record counts, so that what was signed for one purpose serves no other (spec 2).
 */
import type {
  AgentId,
  AttestationContent,
  Ed25519Verify,
  RecordId,
  RecordKind,
} from '@stemedb/model';
import {
  attestationBytes,
  attestedKind,
  decodeStored,
  kindNumber,
  recordIdOf,
  validateContent,
  verifySignature,
} from '@stemedb/model';
import { allShards, type Log } from '../log/log.js';
import type { Store } from '../store/store.js';
import type { Submission } from './ingest.js';
import type { PendingRecord } from './pending_record.js';

const keyOf = (id: RecordId, agent: AgentId, kind: RecordKind): string => `${kind}/${id}${agent}`;

const pendingOf = (content: AttestationContent): PendingRecord => {
  const bytes = attestationBytes(content);
  const id = recordIdOf(bytes);
  const kind = kindNumber.attestation;
  return { id, kind, shard: allShards, proof: 'signature', bytes, content };
};

/** The attestations of one call that verify, by what they prove. */
export class CallAttestations {
  readonly #proofs = new Map<string, PendingRecord>();
  readonly #verify: Ed25519Verify;

  constructor(verify: Ed25519Verify) {
    this.#verify = verify;
  }

  /** Looks at one submission of the call. */
  add({ kind, content }: Submission): void {
    if (kind !== 'attestation' || content === null || typeof content !== 'object') return;
    const checked = validateContent({ v: 1, ...content, kind });
    if (!checked.ok || checked.value.kind !== 'attestation') return;
    const signedKind = attestedKind(checked.value, this.#verify);
    if (signedKind === undefined) return;
    const { target, agent_id: agent } = checked.value;
    this.#proofs.set(keyOf(target, agent, signedKind), pendingOf(checked.value));
  }

  find(id: RecordId, agent: AgentId, kind: RecordKind): PendingRecord | undefined {
    if (this.#proofs.size === 0) return undefined;
    return this.#proofs.get(keyOf(id, agent, kind));
  }
}

/** True when a stored attestation by this agent verifies for this record of this kind. */
export const isAttested = (
  parts: { readonly store: Store; readonly log: Log; readonly verify: Ed25519Verify },
  id: RecordId,
  agent: AgentId,
  kind: RecordKind,
): boolean => {
  const { store, log, verify } = parts;
  if (!store.isAttestedBy(id, agent)) return false;
  const snapshot = store.snapshot();
  try {
    for (const { place } of snapshot.attestations(id)) {
      const read = log.read(place.sequence, place.offset);
      if (!read.ok) continue;
      const content = decodeStored(read.value.bytes);
      if (content.kind !== 'attestation' || content.agent_id !== agent) continue;
      if (verifySignature(kind, id, agent, content.signature, verify)) return true;
    }
    return false;
  } finally {
    snapshot.release();
  }
};
