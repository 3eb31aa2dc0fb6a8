/** `POST /v1/assert`: one assertion, answered when it is synced and visible. */
import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { JsonValue, RecordKind } from '@stemedb/model';
import { schemas } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { validatedByIngest } from '../validate.js';
import {
  readSubmission,
  signaturesSchema,
  writeAnswerOf,
  writeAnswerSchema,
} from '../write_answer.js';

export async function assertRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.post('/v1/assert', {
    schema: {
      operationId: 'assert',
      tags: ['write'],
      summary: 'State one claim',
      description: 'Without `asserted_at` it is at-least-once; the answer returns the one used.',
      body: withSignatures(schemas.assertion),
      response: writeResponses,
    },
    validatorCompiler: validatedByIngest,
    handler: (request, reply) => submitBody(deps, 'assertion', request, reply),
  });
}

export const writeResponses: Readonly<Record<number, object>> = {
  200: { description: 'The record was there already.', ...writeAnswerSchema },
  201: writeAnswerSchema,
  ...problemResponses,
};

/** The schema of what an author may send, with the signatures that may come along. */
export const withSignatures = (schema: TSchema): TSchema => {
  const { properties } = schema as TSchema & { readonly properties: TProperties };
  const members: TProperties = { ...properties, signatures: signaturesSchema };
  return Type.Object(members, { additionalProperties: false });
};

/** Submits the body as one record of the kind. */
export async function submitBody(
  deps: HttpDeps,
  kind: RecordKind,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { signaturesMax } = deps.config.limits;
  const submission = readSubmission(kind, request.body as JsonValue, signaturesMax);
  if (!submission.ok) return sendProblem(reply, submission.error);
  const principal = deps.principalOf(request.headers);
  const accepted = await deps.ingest.submit(principal, submission.value);
  if (!accepted.ok) return sendProblem(reply, accepted.error);
  return reply
    .code(accepted.value.status === 'created' ? 201 : 200)
    .send(writeAnswerOf(accepted.value));
}
