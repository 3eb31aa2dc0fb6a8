/** `GET /v1/trust/{agent_id}`: the trust in an agent, and the verdicts that made it. */
import { Type } from '@sinclair/typebox';
import { invalidField, parseAgentId } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import { whileConnected } from '../abort.js';
import type { HttpDeps } from '../deps.js';
import { trustAnswerSchema } from '../list_schema.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { type MomentQuery, momentFields, readMomentOf } from '../read_moment.js';

const params = Type.Object({
  agent_id: Type.String({ description: '64 lower-case hex digits.' }),
});

export async function trustRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.get('/v1/trust/:agent_id', {
    schema: {
      operationId: 'trust',
      tags: ['read'],
      summary: 'The trust in an agent, with the verdicts behind it',
      params,
      querystring: Type.Object(momentFields, { additionalProperties: false }),
      response: { 200: trustAnswerSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const agent = parseAgentId((request.params as { readonly agent_id: string }).agent_id);
      if (agent === undefined) {
        const detail = 'An agent id is 64 lower-case hex digits.';
        return sendProblem(reply, invalidField('/agent_id', detail));
      }
      const moment = readMomentOf(request.query as MomentQuery);
      if (!moment.ok) return sendProblem(reply, moment.error);
      const principal = deps.principalOf(request.headers);
      const trust = await whileConnected(reply, (signal) =>
        deps.reads.trust(principal, agent, moment.value, signal),
      );
      return trust.ok ? reply.send(trust.value) : sendProblem(reply, trust.error);
    },
  });
}
