/** The id of a record before it is submitted: whoever sends the same again can be told. */
import type { JsonValue, RecordId } from '@stemedb/model';
import { canonicalBytes, recordIdOf } from '@stemedb/model';
import { completeContent } from './gates/content.js';
import type { Submission } from './ingest.js';
import type { Principal } from './principal.js';

/** The id that a submission has at this moment; undefined when its shape will be refused. */
export const submittedId = (
  principal: Principal,
  submission: Submission,
  wallMs: number,
): RecordId | undefined => {
  const complete = completeContent(principal, submission, wallMs);
  if (!complete.ok) return undefined;
  return recordIdOf(canonicalBytes(complete.value as unknown as JsonValue));
};
