/** One record by its id: as stored, or of one kind with whether it has an effect. */
import { type TSchema, Type } from '@sinclair/typebox';
import type { Outcome, RecordId, RecordKind } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../../ingest/principal.js';
import type { ReadMoment } from '../../query/record_reads.js';
import { whileConnected } from '../abort.js';
import { recordAnswerSchema } from '../answer_schema.js';
import type { HttpDeps } from '../deps.js';
import { listedRecordSchema } from '../list_schema.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import {
  idParamsSchema,
  type MomentQuery,
  momentFields,
  readId,
  readMomentOf,
} from '../read_moment.js';

const momentSchema = Type.Object(momentFields, { additionalProperties: false });

interface ReadOptions {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly answer: TSchema;
  readonly read: (
    principal: Principal,
    id: RecordId,
    moment: ReadMoment,
    signal: AbortSignal,
  ) => Promise<Outcome<unknown>>;
}

function readRoute(app: FastifyInstance, deps: HttpDeps, options: ReadOptions): void {
  const { path, operationId, summary, answer, read } = options;
  app.get(`${path}/:id`, {
    schema: {
      operationId,
      tags: ['read'],
      summary,
      params: idParamsSchema,
      querystring: momentSchema,
      response: { 200: answer, ...problemResponses },
    },
    handler: async (request: FastifyRequest, reply: FastifyReply) => {
      const id = readId(request);
      if (!id.ok) return sendProblem(reply, id.error);
      const moment = readMomentOf(request.query as MomentQuery);
      if (!moment.ok) return sendProblem(reply, moment.error);
      const principal = deps.principalOf(request.headers);
      const found = await whileConnected(reply, (signal) =>
        read(principal, id.value, moment.value, signal),
      );
      return found.ok ? reply.send(found.value) : sendProblem(reply, found.error);
    },
  });
}

/** `GET /v1/records/{id}`: of any kind, as stored. */
export async function readRecordRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  readRoute(app, deps, {
    path: '/v1/records',
    operationId: 'readRecord',
    summary: 'Read one record of any kind',
    answer: recordAnswerSchema,
    read: (principal, id, moment, signal) => deps.query.record(principal, id, moment, signal),
  });
}

/** One record of a kind, below the path of its list. */
export async function readListedRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  route: { readonly path: string; readonly kind: RecordKind; readonly operationId: string },
): Promise<void> {
  const { path, kind, operationId } = route;
  readRoute(app, deps, {
    path,
    operationId,
    summary: `Read one ${kind}, and whether it has an effect`,
    answer: listedRecordSchema,
    read: (principal, id, moment, signal) => deps.reads.listed(principal, id, kind, moment, signal),
  });
}
