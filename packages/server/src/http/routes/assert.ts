/** `POST /v1/assert`: one assertion, answered when it is synced and visible. */
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { writeRecordRoute } from './write_record.js';

export async function assertRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  await writeRecordRoute(app, deps, {
    path: '/v1/assert',
    kind: 'assertion',
    operationId: 'assert',
    summary: 'State one claim',
    description: 'Without `asserted_at` it is at-least-once; the answer returns the one used.',
  });
}
