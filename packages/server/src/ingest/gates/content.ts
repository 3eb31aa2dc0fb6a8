/** Gates 1, 2, 4 and 5: the complete content as its author stated it, its time and its realm. */
import type { JsonObject, Outcome, RecordContent } from '@stemedb/model';
import { formatTime, normalizeTimes, ok, validateContent } from '@stemedb/model';
import type { Submission } from '../ingest.js';
import type { Principal } from '../principal.js';
import { refuse } from './refusal.js';

/** How far ahead of this server's clock a stated or merged time may be. */
export const futureToleranceMs = 5 * 60 * 1000;

/** Fills in what was left out and checks the shape. */
export const completeContent = (
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

export const clockGate = (content: RecordContent, wallMs: number): Outcome<void> => {
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

export const realmGate = (content: RecordContent, realm: string | undefined): Outcome<void> => {
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
