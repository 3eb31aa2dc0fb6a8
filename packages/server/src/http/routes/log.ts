/**
 * The Merkle log over HTTP (spec 4.4): the signed checkpoint as a text that other programs read,
 * the key that signs it, and the proofs. What is answered proves itself; nothing here is trusted.
 */
import { Type } from '@sinclair/typebox';
import { invalidField, parseRecordId } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import type { HttpDeps } from '../deps.js';
import { consistencyProofSchema, inclusionProofSchema } from '../log_schema.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';

const size = (description: string) =>
  Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description });

const inclusionQuery = Type.Object(
  {
    id: Type.String({ description: '64 lower-case hex digits.' }),
    size: Type.Optional(size('Of which tree; the newest when left out.')),
  },
  { additionalProperties: false },
);

const consistencyQuery = Type.Object(
  {
    from: size('Size of the earlier tree.'),
    to: Type.Optional(size('Size of the later tree; the newest when left out.')),
  },
  { additionalProperties: false },
);

export async function logRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  checkpointRoutes(app, deps);
  app.get('/v1/log/proof/inclusion', {
    schema: {
      operationId: 'inclusionProof',
      tags: ['log'],
      summary: 'Prove that a record is in the log',
      querystring: inclusionQuery,
      response: { 200: inclusionProofSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const query = request.query as { readonly id: string; readonly size?: number };
      const id = parseRecordId(query.id);
      if (id === undefined) {
        const detail = 'An id is 64 lower-case hex digits.';
        return sendProblem(reply, invalidField('/id', detail));
      }
      const proof = await deps.proofs.inclusionOf(id, query.size);
      return proof.ok ? reply.send(proof.value) : sendProblem(reply, proof.error);
    },
  });
  app.get('/v1/log/proof/consistency', {
    schema: {
      operationId: 'consistencyProof',
      tags: ['log'],
      summary: 'Prove that the log of one size is the beginning of that of another',
      querystring: consistencyQuery,
      response: { 200: consistencyProofSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const { from, to } = request.query as { readonly from: number; readonly to?: number };
      const proof = await deps.proofs.consistency(from, to);
      return proof.ok ? reply.send(proof.value) : sendProblem(reply, proof.error);
    },
  });
}

function checkpointRoutes(app: FastifyInstance, deps: HttpDeps): void {
  app.get('/v1/log/checkpoint', {
    schema: {
      operationId: 'logCheckpoint',
      tags: ['log'],
      summary: 'The newest checkpoint of the log, signed',
      response: {
        200: {
          description: 'A C2SP tlog-checkpoint as a signed note.',
          content: { 'text/plain': { schema: Type.String() } },
        },
        ...problemResponses,
      },
    },
    handler: async (_request, reply) => {
      const note = await deps.proofs.checkpoint();
      if (!note.ok) return sendProblem(reply, note.error);
      return reply
        .header('content-type', 'text/plain; charset=utf-8')
        .serializer((text: unknown) => text as string)
        .send(note.value);
    },
  });
  app.get('/v1/log/key', {
    schema: {
      operationId: 'logKey',
      tags: ['log'],
      summary: 'The key that signs checkpoints',
      response: {
        200: Type.Object({
          origin: Type.String({ description: 'First line of each checkpoint.' }),
          vkey: Type.String({ description: 'The key as C2SP signed-note writes it.' }),
        }),
        ...problemResponses,
      },
    },
    handler: async (_request, reply) =>
      reply.send({ origin: deps.proofs.origin, vkey: deps.proofs.vkey }),
  });
}
