/**
 * `/openapi.json` (3.1), made from the schemas that validate, and `/docs`, which shows it. Every
 * asset comes from this server; the content security policy forbids any other address.
 */
import { fastifySwagger } from '@fastify/swagger';
import { fastifySwaggerUi } from '@fastify/swagger-ui';
import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';

/** Whatever the page's code asks for, the browser fetches from here or not at all. */
const contentSecurityPolicy = {
  'default-src': ["'self'"],
  'base-uri': ["'self'"],
  'font-src': ["'self'", 'data:'],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'img-src': ["'self'", 'data:'],
  'object-src': ["'none'"],
};

/** Call before the routes are added: it watches them. */
export async function addDocs(app: FastifyInstance, version: string): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'StemeDB',
        version,
        description: 'A database of claims. Errors are RFC 9457 problems; see /errors.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'write', description: 'Stating claims' },
        { name: 'read', description: 'Asking questions' },
        { name: 'operations', description: 'Running the node' },
      ],
    },
  });
  await app.register(fastifySwaggerUi, {
    routePrefix: '/docs',
    staticCSP: contentSecurityPolicy,
    uiConfig: { validatorUrl: null, deepLinking: true },
  });
  app.get('/openapi.json', {
    schema: {
      operationId: 'openapi',
      tags: ['operations'],
      summary: 'This description',
      response: {
        200: {
          description: 'OpenAPI 3.1.',
          content: { 'application/json': { schema: Type.Unsafe({ type: 'object' }) } },
        },
      },
    },
    handler: async (_request, reply) => reply.send(app.swagger()),
  });
}
