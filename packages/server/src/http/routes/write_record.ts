/** The write call of one record kind: a body, answered when it is synced and visible. */
import { type TProperties, type TSchema, Type } from '@sinclair/typebox';
import type { JsonValue, Outcome, RecordKind } from '@stemedb/model';
import { schemas } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Accepted, Submission } from '../../ingest/ingest.js';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { sendJson } from '../send_json.js';
import { checkedElsewhere } from '../validate.js';
import {
  readSubmission,
  signaturesSchema,
  writeAnswerSchema,
  writeAnswerText,
} from '../write_answer.js';

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

/** How a kind is written. */
export interface WriteRoute {
  readonly path: string;
  readonly kind: RecordKind;
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  /** True for records that may be larger than a claim. */
  readonly isLarge?: boolean;
}

export async function writeRecordRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  route: WriteRoute,
): Promise<void> {
  const { path, kind, operationId, summary, description } = route;
  const { bodyBytesMax, largeBodyBytesMax } = deps.config.limits;
  app.post(path, {
    schema: {
      operationId,
      tags: ['write'],
      summary,
      ...(description === undefined ? {} : { description }),
      body: withSignatures(schemas[kind]),
      response: writeResponses,
    },
    bodyLimit: route.isLarge === true ? largeBodyBytesMax : bodyBytesMax,
    validatorCompiler: checkedElsewhere,
    handler: (request, reply) => submitBody(deps, kind, request, reply),
  });
}

/** Submits the body as one record of the kind. */
function submitBody(
  deps: HttpDeps,
  kind: RecordKind,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | Promise<FastifyReply> {
  const { signaturesMax } = deps.config.limits;
  const submission = readSubmission(kind, request.body as JsonValue, signaturesMax);
  if (!submission.ok) return sendProblem(reply, submission.error);
  return submitRecord(deps, submission.value, request, reply);
}

/** Submits one record and answers what became of it. */
export function submitRecord(
  deps: HttpDeps,
  submission: Submission,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  return deps.ingest
    .submitConcurrently(deps.principalOf(request.headers), submission)
    .then((accepted) => sendAccepted(reply, accepted));
}

/** Answers what became of one record: 201 when it is new, 200 when it was there already. */
export function sendAccepted(reply: FastifyReply, accepted: Outcome<Accepted>): FastifyReply {
  if (!accepted.ok) return sendProblem(reply, accepted.error);
  const status = accepted.value.status === 'created' ? 201 : 200;
  return sendJson(reply, status, writeAnswerText(accepted.value));
}
