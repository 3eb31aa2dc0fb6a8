/**
 * The gates that a submitted record passes, in this order; the first that refuses ends it and
 * nothing has been written (spec 1, "the gate advises, the reader decides"):
 *
 * 1. complete: `kind`, `v`, `agent_id`, `asserted_at` where left out; times become milliseconds
 * 2. shape: fields, limits, id (the model's rules, the same for `merge`)
 * 3. Unicode tables: NFC, unassigned characters
 * 4. clock: not more than five minutes ahead
 * 5. realm
 * 6. author: every signature verifies, and the stated agent is proved
 * 7. references, lifecycle, governance: what the record says about other records
 *
 * Between 5 and 6 signatures may be verified on another thread; 6 and 7 look at others only then.
 *
 * Gates 3 to 7 depend on this server's clock, tables, policy or other records; a record that comes
 * by `merge` does not meet them.
 */
import type { JsonValue, Outcome, RecordContent, SignatureCheck } from '@stemedb/model';
import {
  canonicalBytes,
  fail,
  kindNumber,
  ok,
  publicError,
  recordIdOf,
  strictCheck,
} from '@stemedb/model';
import type { AuthorProof } from '../log/log.js';
import { authorGate, pendingAttestations } from './gates/author.js';
import { clockGate, completeContent, realmGate } from './gates/content.js';
import type { GateContext } from './gates/context.js';
import { governanceGate } from './gates/governance.js';
import { referenceGate } from './gates/references.js';
import { revisionGate } from './gates/revision.js';
import { shardOfContent } from './gates/shard.js';
import type { Identified } from './identified.js';
import type { Submission, Warning } from './ingest.js';
import type { PendingRecord } from './pending_record.js';
import type { Principal } from './principal.js';

/** A record that passed every gate, with the attestations that are to be logged before it. */
export interface Prepared {
  readonly content: RecordContent;
  readonly record: PendingRecord;
  readonly attestations: readonly PendingRecord[];
  readonly warnings: readonly Warning[];
}

/** What this principal may not write at all. */
const principalGate = (principal: Principal, { kind }: Submission): Outcome<void> => {
  if (principal.type === 'key' && principal.role === 'reader') {
    return fail({ code: 'forbidden', detail: 'This key may read, not write.' });
  }
  if (kind !== 'policy') return ok(undefined);
  return fail({
    code: 'forbidden',
    detail: 'The policy is set in the configuration of the node, not through this call.',
  });
};

/** Gate 7. */
const aboutOthers = (
  context: GateContext,
  principal: Principal,
  content: RecordContent,
  proof: AuthorProof,
): Outcome<readonly Warning[]> => {
  const referring = referenceGate(context, content);
  if (!referring.ok) return referring;
  const governed =
    content.kind === 'assertion'
      ? revisionGate(context, principal, content, proof)
      : governanceGate(context, content, proof);
  if (!governed.ok || referring.value.length === 0) return governed;
  return ok([...referring.value, ...governed.value]);
};

/** Gates 1 to 5: they ask nothing of other records, and every signature waits for them. */
export const identify = (
  context: GateContext,
  principal: Principal,
  submission: Submission,
): Outcome<Identified> => {
  const wallMs = context.wallMs();
  const admitted = principalGate(principal, submission);
  if (!admitted.ok) return admitted;
  const complete = completeContent(principal, submission, wallMs);
  if (!complete.ok) return complete;
  const content = complete.value;
  const unicode = publicError(content);
  if (unicode !== undefined) return fail(unicode);
  const timely = clockGate(content, wallMs);
  if (!timely.ok) return timely;
  const inRealm = realmGate(content, context.realm);
  if (!inRealm.ok) return inRealm;
  const bytes = canonicalBytes(content as unknown as JsonValue);
  return ok({ principal, submission, content, bytes, id: recordIdOf(bytes) });
};

/**
 * What is left to verify of the signatures that came with a record, in their order; undefined when
 * there is none, and when one of them is refused without asking a library.
 */
export const signatureChecks = ({
  submission,
  content,
  id,
}: Identified): readonly SignatureCheck[] | undefined => {
  const signatures = submission.signatures ?? [];
  if (signatures.length === 0) return undefined;
  const checks: SignatureCheck[] = [];
  for (const { agent_id: agent, signature } of signatures) {
    const check = strictCheck(content.kind, id, agent, signature);
    if (check === undefined) return undefined;
    checks.push(check);
  }
  return checks;
};

/**
 * Gates 6 and 7; the record that may be logged, or the first refusal. With `verdicts`, those on
 * all of its `signatureChecks`, no signature that came with the record is verified again.
 */
export const decide = (
  context: GateContext,
  identified: Identified,
  verdicts?: readonly boolean[],
): Outcome<Prepared> => {
  const { principal, submission, content, bytes, id } = identified;
  const proof = authorGate(context, identified, verdicts);
  if (!proof.ok) return proof;
  const warnings = aboutOthers(context, principal, content, proof.value);
  if (!warnings.ok) return warnings;
  const shard = shardOfContent(content, (target) => context.place(target)?.shard);
  const kind = kindNumber[content.kind];
  const here = context.attestationHere(id, content.agent_id, content.kind);
  return ok({
    content,
    record: { id, kind, shard, proof: proof.value, bytes, content },
    attestations: [
      ...pendingAttestations(submission, id, shard),
      ...(here === undefined ? [] : [{ ...here, shard }]),
    ],
    warnings: warnings.value,
  });
};
