/** `/v1/assertions/{id}` and below it: a claim, what others said of it, and its signatures. */
import { Type } from '@sinclair/typebox';
import type { JsonObject } from '@stemedb/model';
import type { FastifyInstance } from 'fastify';
import { whileConnected } from '../abort.js';
import type { HttpDeps } from '../deps.js';
import { assertionDetailSchema, recordListSchema } from '../list_schema.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import {
  idParamsSchema,
  type MomentQuery,
  momentFields,
  readId,
  readMomentOf,
} from '../read_moment.js';
import { answerList, listQuerySchema } from './list_records.js';
import { submitRecord, writeResponses } from './write_record.js';

const detailQuery = Type.Object(
  {
    ...momentFields,
    proof: Type.Optional(
      Type.Boolean({ description: 'With the proof that it is in the log of this node.' }),
    ),
  },
  { additionalProperties: false },
);

const signatureBody = Type.Object(
  {
    agent_id: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Who signs.' }),
    signature: Type.String({
      pattern: '^[0-9a-f]{128}$',
      description: 'Ed25519 over `stemedb/v1/assertion/` and the 32 bytes of the id.',
    }),
  },
  { additionalProperties: false },
);

export async function assertionRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  readAssertion(app, deps);
  signatures(app, deps);
}

function readAssertion(app: FastifyInstance, deps: HttpDeps): void {
  app.get('/v1/assertions/:id', {
    schema: {
      operationId: 'readAssertion',
      tags: ['read'],
      summary: 'Read one claim and what others have said of it',
      params: idParamsSchema,
      querystring: detailQuery,
      response: { 200: assertionDetailSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const id = readId(request);
      if (!id.ok) return sendProblem(reply, id.error);
      const query = request.query as MomentQuery & { readonly proof?: boolean };
      const moment = readMomentOf(query);
      if (!moment.ok) return sendProblem(reply, moment.error);
      const principal = deps.principalOf(request.headers);
      const detail = await whileConnected(reply, (signal) =>
        deps.reads.assertion(principal, id.value, moment.value, signal),
      );
      if (!detail.ok) return sendProblem(reply, detail.error);
      if (query.proof !== true) return reply.send(detail.value);
      const inclusion = await deps.proofs.inclusionOf(id.value);
      if (!inclusion.ok) return sendProblem(reply, inclusion.error);
      return reply.send({ ...detail.value, inclusion: inclusion.value });
    },
  });
}

function signatures(app: FastifyInstance, deps: HttpDeps): void {
  const path = '/v1/assertions/:id/signatures';
  app.post(path, {
    schema: {
      operationId: 'signAssertion',
      tags: ['write'],
      summary: 'Sign a claim beside its author',
      params: idParamsSchema,
      body: signatureBody,
      response: writeResponses,
    },
    handler: async (request, reply) => {
      const id = readId(request);
      if (!id.ok) return sendProblem(reply, id.error);
      const principal = deps.principalOf(request.headers);
      const known = await deps.reads.known(principal, id.value, 'assertion');
      if (!known.ok) return sendProblem(reply, known.error);
      const content = { ...(request.body as JsonObject), target: id.value };
      return submitRecord(deps, { kind: 'attestation', content }, request, reply);
    },
  });
  app.get(path, {
    schema: {
      operationId: 'listSignatures',
      tags: ['read'],
      summary: 'List the signatures of a claim, each as the record that holds it',
      params: idParamsSchema,
      querystring: listQuerySchema([]),
      response: { 200: recordListSchema, ...problemResponses },
    },
    handler: async (request, reply) => {
      const id = readId(request);
      if (!id.ok) return sendProblem(reply, id.error);
      return answerList(deps, 'attestation', request, reply, id.value);
    },
  });
}
