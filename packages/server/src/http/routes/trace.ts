/** `GET /v1/trace/{id}`: where a record comes from and what came of it. */

import type { Static } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { traceDepthMax, traceNodesMax } from '../../query/trace_limits.js';
import { provOf } from '../../query/trace_prov.js';
import { whileConnected } from '../abort.js';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { idParamsSchema, momentFields, readId, readMomentOf } from '../read_moment.js';
import { traceAnswerSchema } from '../trace_schema.js';

const depthDefault = 16;
const nodesDefault = 200;

const traceQuery = Type.Object(
  {
    depth: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: traceDepthMax,
        default: depthDefault,
        description: 'How many steps up and down are followed.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: traceNodesMax,
        default: nodesDefault,
        description: 'Records in all; at most half of them upwards.',
      }),
    ),
    format: Type.Optional(
      Type.Unsafe<'json' | 'prov-json'>({
        type: 'string',
        enum: ['json', 'prov-json'],
        default: 'json',
        description: '`prov-json`: the same as W3C PROV-JSON.',
      }),
    ),
    ...momentFields,
  },
  { additionalProperties: false },
);

export async function traceRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.get('/v1/trace/:id', {
    schema: {
      operationId: 'trace',
      tags: ['read'],
      summary: 'Where a record comes from and what came of it',
      params: idParamsSchema,
      querystring: traceQuery,
      response: { 200: traceAnswerSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const id = readId(request);
      if (!id.ok) return sendProblem(reply, id.error);
      const query = request.query as Static<typeof traceQuery>;
      const moment = readMomentOf(query);
      if (!moment.ok) return sendProblem(reply, moment.error);
      const { depth = depthDefault, limit = nodesDefault, format } = query;
      const question = { id: id.value, depth, limit };
      const principal = deps.principalOf(request.headers);
      const trace = await whileConnected(reply, (signal) =>
        deps.reads.trace(principal, question, moment.value, signal),
      );
      if (!trace.ok) return sendProblem(reply, trace.error);
      return reply.send(format === 'prov-json' ? provOf(trace.value) : trace.value);
    },
  });
}
