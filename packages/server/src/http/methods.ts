/** A known path with another method is 405 with `Allow`, not 404: the path exists. */
import type { FastifyInstance, HTTPMethods } from 'fastify';
import { sendProblem } from './problem.js';

const methods: readonly HTTPMethods[] = [
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
];

/**
 * Watches the routes that are added from now on; the returned function, called when all of them
 * are there, adds the refusals.
 */
export function watchMethods(app: FastifyInstance): () => void {
  const known = new Map<string, Set<string>>();
  let isWatching = true;
  app.addHook('onRoute', ({ url, method, schema }) => {
    // The documentation pages bring routes of their own, which are no part of the API.
    if (!isWatching || url.startsWith('/docs') || schema?.hide === true) return;
    const allowed = known.get(url) ?? new Set();
    for (const one of [method].flat()) allowed.add(one);
    known.set(url, allowed);
  });
  return () => {
    isWatching = false;
    for (const [url, allowed] of known) refuseOthers(app, url, allowed);
  };
}

function refuseOthers(app: FastifyInstance, url: string, allowed: ReadonlySet<string>): void {
  const others = methods.filter((method) => !allowed.has(method));
  if (others.length === 0) return;
  const allow = [...allowed].sort().join(', ');
  app.route({
    method: [...others],
    url,
    schema: { hide: true },
    // Before the body is looked at: its type and size do not matter here.
    onRequest: async (request, reply) => {
      const detail = `${request.method} is not possible here; possible: ${allow}.`;
      return sendProblem(reply.header('allow', allow), { code: 'method_not_allowed', detail });
    },
    handler: async (_request, reply) => reply,
  });
}
