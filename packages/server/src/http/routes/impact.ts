/** `GET /v1/sources/{id}/impact` and `POST /v1/sources/{id}/retract`. */
import { Type } from '@sinclair/typebox';
import type { JsonObject, Outcome, RecordId } from '@stemedb/model';
import { ok } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ImpactQuestion } from '../../query/impact.js';
import { whileConnected } from '../abort.js';
import { answerSchema } from '../answer_schema.js';
import type { HttpDeps } from '../deps.js';
import { limitDefault, pageFields } from '../page.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import {
  idParamsSchema,
  type MomentQuery,
  momentFields,
  readId,
  readMomentOf,
} from '../read_moment.js';
import { readSubmission, signaturesSchema } from '../write_answer.js';
import { sendAccepted, writeResponses } from './write_record.js';

const impactQuery = (lensNames: readonly string[]) =>
  Type.Object(
    {
      lens: Type.Optional(
        Type.Unsafe<string>({
          type: 'string',
          enum: [...lensNames],
          default: 'recency',
          description: 'Under which the answers are compared; not one that collects pairs.',
        }),
      ),
      ...momentFields,
      ...pageFields,
    },
    { additionalProperties: false },
  );

const resultOrNull = (description: string) =>
  Type.Union([answerSchema.properties.results.items, Type.Null()], { description });

const impactAnswerSchema = Type.Object({
  source: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  lens: Type.String(),
  as_of: Type.String({ format: 'date-time' }),
  as_of_stamp: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  position: Type.String({ description: 'Give it as `if_position` to the retraction.' }),
  dependants: Type.Integer({
    minimum: 0,
    description: 'Claims that rest on the source, directly or through others.',
  }),
  impacts: Type.Array(
    Type.Object({
      concept_path: Type.String(),
      predicate: Type.String(),
      old: resultOrNull('The answer as it is; null: none.'),
      new: resultOrNull('The answer without the source; null: none.'),
    }),
    { description: 'What would change, bytewise by path and predicate.' },
  ),
  next_cursor: Type.Optional(Type.String()),
});

const retractBody = Type.Object(
  {
    reason: Type.String({ description: 'Why the source no longer counts.' }),
    if_position: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'Position of an impact; 409 when a dependant was added after it.',
      }),
    ),
    kind: Type.Optional(Type.Literal('supersession')),
    v: Type.Optional(Type.Literal(1)),
    realm: Type.Optional(Type.String()),
    agent_id: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
    asserted_at: Type.Optional(Type.Unsafe<string | number>({ type: ['string', 'integer'] })),
    signatures: signaturesSchema,
  },
  { additionalProperties: false },
);

export async function impactRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.get('/v1/sources/:id/impact', {
    schema: {
      operationId: 'impact',
      tags: ['read'],
      summary: 'Which answers the retraction of a source would change',
      params: idParamsSchema,
      querystring: impactQuery(deps.lensNames),
      response: { 200: impactAnswerSchema, ...problemResponses },
    },
    handler: (request, reply) => answerImpact(deps, request, reply),
  });
  app.post('/v1/sources/:id/retract', {
    schema: {
      operationId: 'retractSource',
      tags: ['write'],
      summary: 'Retract a source, and with it all that rests on it',
      description: 'Nothing is deleted: answers as of earlier moments still have it.',
      params: idParamsSchema,
      body: retractBody,
      response: writeResponses,
    },
    handler: (request, reply) => retract(deps, request, reply),
  });
}

interface ImpactQuery extends MomentQuery {
  readonly lens?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

function readImpact(source: RecordId, query: ImpactQuery): Outcome<ImpactQuestion> {
  const moment = readMomentOf(query);
  if (!moment.ok) return moment;
  const { lens = 'recency', limit = limitDefault, cursor } = query;
  const page = cursor === undefined ? { limit } : { limit, cursor };
  return ok({ source, lens, ...moment.value, ...page });
}

async function answerImpact(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const id = readId(request);
  if (!id.ok) return sendProblem(reply, id.error);
  const question = readImpact(id.value, request.query as ImpactQuery);
  if (!question.ok) return sendProblem(reply, question.error);
  const principal = deps.principalOf(request.headers);
  const impact = await whileConnected(reply, (signal) =>
    deps.impacts.impact(principal, question.value, signal),
  );
  return impact.ok ? reply.send(impact.value) : sendProblem(reply, impact.error);
}

async function retract(
  deps: HttpDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const id = readId(request);
  if (!id.ok) return sendProblem(reply, id.error);
  const { if_position: ifPosition, ...stated } = request.body as JsonObject;
  const { signaturesMax } = deps.config.limits;
  const submission = readSubmission('supersession', stated, signaturesMax);
  if (!submission.ok) return sendProblem(reply, submission.error);
  const { content, signatures } = submission.value;
  const accepted = await whileConnected(reply, (signal) =>
    deps.impacts.retract(
      deps.principalOf(request.headers),
      {
        source: id.value,
        content: content as JsonObject,
        ...(signatures === undefined ? {} : { signatures }),
        ...(typeof ifPosition === 'string' ? { ifPosition } : {}),
      },
      signal,
    ),
  );
  return sendAccepted(reply, accepted);
}
