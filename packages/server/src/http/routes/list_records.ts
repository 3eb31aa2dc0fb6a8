/** The list of one record kind, page by page, as of a moment. */
import { type TProperties, Type } from '@sinclair/typebox';
import type { Outcome, RecordId, RecordKind } from '@stemedb/model';
import { fail, faultError, ok, parseAgentId, parseRecordId } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ListQuestion } from '../../query/listing.js';
import { whileConnected } from '../abort.js';
import type { HttpDeps } from '../deps.js';
import { recordListSchema } from '../list_schema.js';
import { limitDefault, pageFields } from '../page.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { type MomentQuery, momentFields, readMomentOf } from '../read_moment.js';

const id = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description }));

/** What a list can be narrowed by. */
const filterFields = {
  target: id('Records about this one.'),
  agent_id: id('Records of this author.'),
  concept_path: Type.Optional(
    Type.String({ minLength: 1, maxLength: 512, description: 'Aliases that name this path.' }),
  ),
};

export type ListFilter = keyof typeof filterFields;

/** The query string of a list with these filters. */
export const listQuerySchema = (filters: readonly ListFilter[]) => {
  const chosen = Object.fromEntries(filters.map((name) => [name, filterFields[name]]));
  const fields: TProperties = {
    ...chosen,
    ...momentFields,
    ...pageFields,
  };
  return Type.Object(fields, { additionalProperties: false });
};

interface ListQuery extends MomentQuery {
  readonly target?: string;
  readonly agent_id?: string;
  readonly concept_path?: string;
  readonly limit?: number;
  readonly cursor?: string;
}

const nfcRefusal = (path: string | undefined): Outcome<never> | undefined => {
  const nfc = path?.normalize('NFC');
  if (nfc === undefined || nfc === path) return undefined;
  const sent = JSON.stringify(nfc);
  const detail = `"concept_path" is not in Unicode normalisation form C; send ${sent}.`;
  return fail(faultError('not_nfc', '/concept_path', detail));
};

function readList(kind: RecordKind, query: ListQuery): Outcome<ListQuestion> {
  const moment = readMomentOf(query);
  if (!moment.ok) return moment;
  const { limit, cursor, concept_path: conceptPath } = query;
  const refusal = nfcRefusal(conceptPath);
  if (refusal !== undefined) return refusal;
  const target = parseRecordId(query.target ?? '');
  const agentId = parseAgentId(query.agent_id ?? '');
  return ok({
    kind,
    limit: limit ?? limitDefault,
    ...moment.value,
    ...(target === undefined ? {} : { target }),
    ...(agentId === undefined ? {} : { agentId }),
    ...(conceptPath === undefined ? {} : { conceptPath }),
    ...(cursor === undefined ? {} : { cursor }),
  });
}

/** Answers with the list that the query string asks for; `target` when the path names one. */
export async function answerList(
  deps: HttpDeps,
  kind: RecordKind,
  request: FastifyRequest,
  reply: FastifyReply,
  target?: RecordId,
): Promise<FastifyReply> {
  const question = readList(kind, request.query as ListQuery);
  if (!question.ok) return sendProblem(reply, question.error);
  const principal = deps.principalOf(request.headers);
  const asked = target === undefined ? question.value : { ...question.value, target };
  const list = await whileConnected(reply, (signal) => deps.reads.list(principal, asked, signal));
  return list.ok ? reply.send(list.value) : sendProblem(reply, list.error);
}

export interface ListRoute {
  readonly path: string;
  readonly kind: RecordKind;
  readonly operationId: string;
  readonly summary: string;
  readonly filters: readonly ListFilter[];
}

export async function listRecordsRoute(
  app: FastifyInstance,
  deps: HttpDeps,
  { path, kind, operationId, summary, filters }: ListRoute,
): Promise<void> {
  app.get(path, {
    schema: {
      operationId,
      tags: ['read'],
      summary,
      querystring: listQuerySchema(filters),
      response: { 200: recordListSchema, ...problemResponses },
    },
    handler: (request, reply) => answerList(deps, kind, request, reply),
  });
}
