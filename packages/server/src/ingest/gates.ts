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
 * Gates 3 to 7 depend on this server's clock, tables, policy or other records; a record that comes
 * by `merge` does not meet them.
 */
import type {
  AgentId,
  AssertionContent,
  AttestationContent,
  Ed25519Verify,
  Fault,
  JsonObject,
  JsonValue,
  Outcome,
  RecordContent,
  RecordId,
  RecordKind,
} from '@stemedb/model';
import {
  attestedKind,
  canonicalBytes,
  fail,
  formatTime,
  kindNumber,
  kindOfNumber,
  normalizeTimes,
  ok,
  publicError,
  recordIdOf,
  shardOf,
  validateContent,
  verifySignature,
} from '@stemedb/model';
import type { AuthorProof } from '../log/log.js';
import { allShards } from '../log/log.js';
import type { RecordPlace } from '../store/store.js';
import type { Submission, Warning } from './ingest.js';
import type { PendingRecord } from './pending_record.js';
import type { Principal } from './principal.js';

/** How far ahead of this server's clock a stated or merged time may be. */
export const futureToleranceMs = 5 * 60 * 1000;

/** What the gates ask of the rest of the node. */
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
  /** The rule that keeps this author from superseding that record; undefined when none does. */
  readonly supersessionRefusal: (target: RecordId, author: AgentId) => string | undefined;
}

/** A record that passed every gate, with the attestations that are to be logged before it. */
export interface Prepared {
  readonly content: RecordContent;
  readonly record: PendingRecord;
  readonly attestations: readonly PendingRecord[];
  readonly warnings: readonly Warning[];
}

const refuse = (code: Fault['code'], pointer: string, detail: string): Outcome<never> =>
  fail({ code, detail, faults: [{ code, pointer, detail }] });

/** Gates 1 and 2: the complete content as its author stated it. */
const completeContent = (
  principal: Principal,
  submission: Submission,
  wallMs: number,
): Outcome<RecordContent> => {
  const stated = submission.content;
  if (stated === null || typeof stated !== 'object' || Array.isArray(stated)) {
    return refuse('invalid_field', '', 'The record must be a JSON object.');
  }
  const fields = stated as JsonObject;
  if (fields.kind !== undefined && fields.kind !== submission.kind) {
    return refuse(
      'invalid_field',
      '/kind',
      `This call takes records of kind "${submission.kind}"; leave "kind" out or send that.`,
    );
  }
  const complete: JsonObject = {
    // What was stated as null stays null and is refused: only what was left out is filled in.
    v: 1,
    agent_id: principal.agentId,
    ...(submission.kind === 'attestation' ? {} : { asserted_at: wallMs }),
    ...fields,
    kind: submission.kind,
  };
  const timed = normalizeTimes(submission.kind, complete);
  return timed.ok ? validateContent(timed.value) : timed;
};

/** The shard that goes into the frame (spec 10); a target's own shard is carried along. */
export const shardOfContent = (
  content: RecordContent,
  shardOfTarget: (id: RecordId) => number | undefined,
): number => {
  switch (content.kind) {
    case 'assertion':
      return shardOf(content.concept_path);
    case 'vote':
    case 'attestation':
      return shardOfTarget(content.target) ?? allShards;
    case 'alias': {
      const shard = shardOf(content.a);
      return shard === shardOf(content.b) ? shard : allShards;
    }
    case 'source':
    case 'epoch':
    case 'supersession':
    case 'verdict':
    case 'policy':
      return allShards;
  }
};

const clockGate = (content: RecordContent, wallMs: number): Outcome<void> => {
  if (content.kind === 'attestation') return ok(undefined);
  const limitMs = wallMs + futureToleranceMs;
  if (content.asserted_at <= limitMs) return ok(undefined);
  return refuse(
    'time_in_future',
    '/asserted_at',
    `asserted_at ${formatTime(content.asserted_at)} is more than five minutes ahead of this ` +
      `server's clock (${formatTime(wallMs)}); check the clock of the machine that states it.`,
  );
};

const realmGate = (content: RecordContent, realm: string | undefined): Outcome<void> => {
  if (content.kind === 'assertion' || content.kind === 'attestation' || content.kind === 'source') {
    return ok(undefined);
  }
  if (realm === undefined || content.realm === realm) return ok(undefined);
  return refuse(
    'realm_mismatch',
    '/realm',
    content.realm === undefined
      ? `This server belongs to the realm "${realm}"; state it in "realm".`
      : `This server belongs to the realm "${realm}", the record to "${content.realm}".`,
  );
};

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

/** Gate 6: verifies what came with the record and decides how its author is proved. */
const authorGate = (
  context: GateContext,
  principal: Principal,
  submission: Submission,
  content: RecordContent,
  id: RecordId,
): Outcome<AuthorProof> => {
  if (content.kind === 'attestation') {
    const wrong = attestationFault(context, content);
    if (wrong !== undefined) return refuse('signature_invalid', '/signature', wrong);
  }
  const signatures = submission.signatures ?? [];
  const wrong = signatures.findIndex(
    (held) => !verifySignature(content.kind, id, held.agent_id, held.signature, context.verify),
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
    context.attested(id, content.agent_id, content.kind);
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

const references = (content: RecordContent): readonly { pointer: string; id: RecordId }[] => {
  if (content.kind === 'epoch') {
    return (content.supersedes ?? []).map((id, at) => ({ pointer: `/supersedes/${at}`, id }));
  }
  if (content.kind !== 'assertion') return [];
  const single = (['source', 'epoch', 'parent'] as const).flatMap((name) => {
    const id = content[name];
    return id === undefined ? [] : [{ pointer: `/${name}`, id }];
  });
  const premises = (content.derived_from ?? []).map((id, at) => ({
    pointer: `/derived_from/${at}`,
    id,
  }));
  return [...single, ...premises];
};

const kindsAt = (pointer: string): readonly string[] => {
  if (pointer === '/source') return ['source'];
  if (pointer === '/epoch' || pointer.startsWith('/supersedes')) return ['epoch'];
  if (pointer === '/parent') return ['assertion'];
  return ['assertion', 'source'];
};

const lifecycleGate = (content: AssertionContent, principal: Principal): Outcome<void> => {
  const state = content.lifecycle ?? 'proposed';
  const initial = state === 'proposed' || state === 'under_review';
  const privileged = principal.type === 'node' || principal.role === 'admin';
  if (initial || content.parent !== undefined || privileged) return ok(undefined);
  return refuse(
    'transition_not_allowed',
    '/lifecycle',
    `A claim without a parent begins as "proposed" or "under_review", not as "${state}".`,
  );
};

/** Kinds that votes, verdicts and supersessions may be about; undefined: any. */
const targetKinds: Readonly<Record<'vote' | 'verdict' | 'supersession', string | undefined>> = {
  vote: 'assertion',
  verdict: 'assertion',
  supersession: undefined,
};

const targetGate = (context: GateContext, content: RecordContent): Outcome<void> => {
  if (content.kind !== 'vote' && content.kind !== 'verdict' && content.kind !== 'supersession') {
    return ok(undefined);
  }
  const place = context.place(content.target);
  if (place === undefined) {
    return fail({
      code: 'not_found',
      detail: `There is no record ${content.target} here to which this ${content.kind} applies.`,
      faults: [{ code: 'not_found', pointer: '/target', detail: 'Unknown record.' }],
    });
  }
  const wanted = targetKinds[content.kind];
  const kind = kindOfNumber(place.kind);
  if (wanted === undefined || kind === wanted) return ok(undefined);
  return refuse(
    'invalid_field',
    '/target',
    `${content.target} is of kind "${kind ?? 'unknown'}"; name an ${wanted}.`,
  );
};

/** Gate 7: kinds of what is referred to, missing targets, and warnings for unknown references. */
const referenceGate = (context: GateContext, content: RecordContent): Outcome<Warning[]> => {
  const target = targetGate(context, content);
  if (!target.ok) return target;
  const warnings: Warning[] = [];
  for (const { pointer, id } of references(content)) {
    const place = context.place(id);
    if (place === undefined) {
      const detail = `${id} is not known here yet; the claim is kept and says so.`;
      warnings.push({ code: 'unknown_reference', detail, pointer });
      continue;
    }
    const kind = kindOfNumber(place.kind);
    const allowed = kindsAt(pointer);
    if (kind !== undefined && !allowed.includes(kind)) {
      const wanted = allowed.join(' or ');
      return refuse('invalid_field', pointer, `${id} is of kind "${kind}"; name a ${wanted}.`);
    }
  }
  return ok(warnings);
};

/** Gate 7: who may supersede; the same rule decides on reading whether it has an effect. */
const governanceGate = (context: GateContext, content: RecordContent): Outcome<void> => {
  if (content.kind !== 'supersession') return ok(undefined);
  const rule = context.supersessionRefusal(content.target, content.agent_id);
  return rule === undefined ? ok(undefined) : refuse('forbidden', '/target', rule);
};

const pendingAttestations = (
  submission: Submission,
  target: RecordId,
  shard: number,
): readonly PendingRecord[] =>
  (submission.signatures ?? []).map((held) => {
    const content = { kind: 'attestation', v: 1, target, ...held } as const;
    const bytes = canonicalBytes(content);
    return {
      id: recordIdOf(bytes),
      kind: kindNumber.attestation,
      shard,
      proof: 'signature',
      bytes,
      content,
    };
  });

/** All gates in order; the record that may be logged, or the first refusal. */
export const prepare = (
  context: GateContext,
  principal: Principal,
  submission: Submission,
): Outcome<Prepared> => {
  const wallMs = context.wallMs();
  if (principal.type === 'key' && principal.role === 'reader') {
    return fail({ code: 'forbidden', detail: 'This key may read, not write.' });
  }
  if (submission.kind === 'policy') {
    return fail({
      code: 'forbidden',
      detail: 'The policy is set in the configuration of the node, not through this call.',
    });
  }
  const complete = completeContent(principal, submission, wallMs);
  if (!complete.ok) return complete;
  const content = complete.value;
  const unicode = publicError(content);
  if (unicode !== undefined) return fail(unicode);
  for (const gate of [clockGate(content, wallMs), realmGate(content, context.realm)]) {
    if (!gate.ok) return gate;
  }
  const bytes = canonicalBytes(content as unknown as JsonValue);
  const id = recordIdOf(bytes);
  const proof = authorGate(context, principal, submission, content, id);
  if (!proof.ok) return proof;
  if (content.kind === 'assertion') {
    const lifecycle = lifecycleGate(content, principal);
    if (!lifecycle.ok) return lifecycle;
  }
  const warnings = referenceGate(context, content);
  if (!warnings.ok) return warnings;
  const governed = governanceGate(context, content);
  if (!governed.ok) return governed;
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
