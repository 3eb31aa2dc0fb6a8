/** `GET /metrics`: everything that is measured, as Prometheus text. */
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';

export async function metricsRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.get('/metrics', {
    schema: {
      operationId: 'metrics',
      tags: ['operations'],
      summary: 'Prometheus metrics',
      response: {
        200: {
          description: 'Prometheus text format.',
          content: { 'text/plain': { schema: Type.String() } },
        },
      },
    },
    handler: async (_request, reply) =>
      reply.header('content-type', deps.metrics.contentType).send(await deps.metrics.text()),
  });
}
