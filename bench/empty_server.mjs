// The same HTTP framework with nothing behind it: what any service on it could reach at most.

import Fastify from 'fastify';

const server = Fastify({ logger: false });
server.get('/v1/health', () => ({ ok: true }));
server.get('/v1/query', () => ({ ok: true }));
server.post('/v1/assert', (_request, reply) => reply.code(201).send({ ok: true }));
await server.listen({ host: '127.0.0.1', port: Number(process.argv[2]) });
