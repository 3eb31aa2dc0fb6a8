/** Gate 6: every signature verifies, and the stated agent is proved (spec 1.2, 2). */
import type { AttestationContent, Outcome, RecordId } from '@stemedb/model';
import {
  attestationBytes,
  attestedKind,
  kindNumber,
  kindOfNumber,
  ok,
  recordIdOf,
  verifySignature,
} from '@stemedb/model';
import type { AuthorProof } from '../../log/log.js';
import type { Identified } from '../identified.js';
import type { Submission } from '../ingest.js';
import type { PendingRecord } from '../pending_record.js';
import type { GateContext } from './context.js';
import { refuse } from './refusal.js';

/** What is wrong with an attestation: it must be a signature for the kind of its target. */
const attestationFault = (
  context: GateContext,
  content: AttestationContent,
): string | undefined => {
  const signedKind = attestedKind(content, context.verify);
  if (signedKind === undefined) return 'The signature does not verify for this agent and target.';
  const place = context.place(content.target);
  const kind = place === undefined ? undefined : kindOfNumber(place.kind);
  if (kind === undefined || kind === signedKind) return undefined;
  return `The signature is one for a record of kind "${signedKind}"; the target is of "${kind}".`;
};

/** False when the node has just given the record its time, and with it an id that nobody knew. */
const isTimeStated = ({ content }: Submission): boolean =>
  typeof content === 'object' && content !== null && 'asserted_at' in content;

/** Verifies what came with the record unless that was done; decides how its author is proved. */
export const authorGate = (
  context: GateContext,
  { principal, submission, content, id }: Identified,
  verdicts?: readonly boolean[],
): Outcome<AuthorProof> => {
  if (content.kind === 'attestation') {
    const wrong = attestationFault(context, content);
    if (wrong !== undefined) return refuse('signature_invalid', '/signature', wrong);
  }
  const signatures = submission.signatures ?? [];
  const wrong = signatures.findIndex(({ agent_id: agent, signature }, at) =>
    verdicts === undefined
      ? !verifySignature(content.kind, id, agent, signature, context.verify)
      : verdicts[at] !== true,
  );
  if (wrong >= 0) {
    return refuse(
      'signature_invalid',
      `/signatures/${wrong}/signature`,
      `The signature does not verify over the id ${id} as a record of kind "${content.kind}"; ` +
        'compare the canonical content that was signed with the one that was sent.',
    );
  }
  if (content.kind === 'attestation') return ok('signature');
  const signed =
    signatures.some((held) => held.agent_id === content.agent_id) ||
    context.attestationHere(id, content.agent_id, content.kind) !== undefined ||
    (isTimeStated(submission) && context.attested(id, content.agent_id, content.kind));
  if (signed) return ok('signature');
  if (content.agent_id !== principal.agentId) {
    return refuse(
      'agent_not_proved',
      '/agent_id',
      'An unsigned record may only state the agent that makes the call; leave "agent_id" out, or ' +
        `send a signature of ${content.agent_id}.`,
    );
  }
  if (context.signatures === 'required') {
    return refuse(
      'signature_required',
      '/signatures',
      'This server accepts only records that their author has signed.',
    );
  }
  return ok(principal.type === 'node' ? 'node' : 'credential');
};

/** The signatures that came with a record, as the attestations that they become. */
export const pendingAttestations = (
  submission: Submission,
  target: RecordId,
  shard: number,
): readonly PendingRecord[] =>
  (submission.signatures ?? []).map((held) => {
    const content = { kind: 'attestation', v: 1, target, ...held } as const;
    const bytes = attestationBytes(content);
    return {
      id: recordIdOf(bytes),
      kind: kindNumber.attestation,
      shard,
      proof: 'signature',
      bytes,
      content,
    };
  });
