/**
 * Writes of one record each. A record is completed and signed here, so its id is fixed before the
 * first try and a second try of the same call cannot make a second record.
 */
import { type JsonObject, parseRecordId, type WriteAnswer } from '@stemedb/model';
import { type CallOptions, type Calls, segment } from './calls.js';
import { StemeClientError } from './error.js';
import { type Author, type InputOf, prepare, type RetractionInput } from './input.js';
import { pathOf } from './kinds.js';

/** States a record of a kind. */
export const writeRecord = async <Kind extends keyof InputOf>(
  calls: Calls,
  author: Author,
  kind: Kind,
  input: InputOf[Kind],
  options: CallOptions,
): Promise<WriteAnswer> => {
  const { body } = await prepare(kind, input, author);
  return calls.post(pathOf[kind], body, options);
};

/** Signs an assertion that somebody else made. */
export const coSign = async (
  calls: Calls,
  { signer }: Author,
  assertionId: string,
  options: CallOptions,
): Promise<WriteAnswer> => {
  if (signer === undefined) throw new TypeError('To sign, the client needs a signer.');
  const id = parseRecordId(assertionId);
  if (id === undefined) {
    const detail = 'The id of an assertion has 64 lower-case hex digits.';
    throw new StemeClientError({ code: 'invalid_field', detail });
  }
  const signature = await signer.sign('assertion', id);
  const body = { agent_id: signer.agentId, signature };
  return calls.post(`/v1/assertions/${id}/signatures`, body, options);
};

/** Retracts a source. What is signed is the supersession that the server makes of it. */
export const retractSource = async (
  calls: Calls,
  author: Author,
  sourceId: string,
  { ifPosition, ...input }: RetractionInput,
  options: CallOptions,
): Promise<WriteAnswer> => {
  const supersession = { ...input, target: sourceId, action: 'retract' as const };
  const { body } = await prepare('supersession', supersession, author);
  // The path and the call say these two.
  const { target, action, ...rest } = body;
  const json: JsonObject = {
    ...rest,
    ...(ifPosition !== undefined && { if_position: ifPosition }),
  };
  return calls.post(`${pathOf.source}/${segment(sourceId)}/retract`, json, options);
};
