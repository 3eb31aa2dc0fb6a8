/** `POST /v1/sources`: registers a source, which claims then cite by its id. */
import { schemas } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { validatedByIngest } from '../validate.js';
import { submitBody, withSignatures, writeResponses } from './assert.js';

export async function sourcesRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  app.post('/v1/sources', {
    schema: {
      operationId: 'addSource',
      tags: ['write'],
      summary: 'Register a source',
      body: withSignatures(schemas.source),
      response: writeResponses,
    },
    bodyLimit: deps.config.limits.largeBodyBytesMax,
    validatorCompiler: validatedByIngest,
    handler: (request, reply) => submitBody(deps, 'source', request, reply),
  });
}
