/** `/v1/health`, `/live`, `/ready`: for people, supervisors and load balancers; never limited. */
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';

const healthSchema = Type.Object({
  status: Type.Unsafe<string>({ type: 'string', enum: ['healthy', 'degraded', 'starting'] }),
  ready: Type.Boolean(),
  reasons: Type.Optional(Type.Array(Type.String())),
  assertion_count: Type.Integer({ minimum: 0 }),
  record_count: Type.Integer({ minimum: 0 }),
  version: Type.String(),
  database_id: Type.String(),
  node_id: Type.String(),
  agent_id: Type.String(),
  position: Type.String(),
  uptime_seconds: Type.Number({ minimum: 0 }),
});

const liveSchema = Type.Object({ status: Type.Literal('live') });
const readySchema = Type.Object({ status: Type.Literal('ready') });

export async function healthRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.get('/v1/health', {
    schema: {
      operationId: 'health',
      tags: ['operations'],
      summary: 'How the node is',
      response: {
        200: healthSchema,
        503: { description: 'The same document, when not ready.', ...healthSchema },
      },
    },
    handler: async (_request, reply) => {
      const report = deps.health();
      return reply.code(report.ready ? 200 : 503).send(report);
    },
  });
  app.get('/v1/health/live', {
    schema: {
      operationId: 'live',
      tags: ['operations'],
      summary: 'The process answers',
      response: { 200: liveSchema },
    },
    handler: async (_request, reply) => reply.send({ status: 'live' }),
  });
  app.get('/v1/health/ready', {
    schema: {
      operationId: 'ready',
      tags: ['operations'],
      summary: 'The node should be sent requests',
      response: { 200: readySchema, ...problemResponses },
    },
    handler: async (_request, reply) => {
      const report = deps.health();
      if (report.ready) return reply.send({ status: 'ready' });
      const detail = report.reasons?.join(' ') ?? 'The node is starting or stopping.';
      return sendProblem(reply, { code: 'not_ready', detail });
    },
  });
}
