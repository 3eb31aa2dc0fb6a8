/** `GET /v1/feed`: the records of this node's log in order, in pages or as a stream of events. */
import { Type } from '@sinclair/typebox';
import type { Outcome } from '@stemedb/model';
import { fail, faultError, invalidField, ok, parseKind, recordKinds } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { FeedQuestion } from '../../query/feed.js';
import { whileConnected } from '../abort.js';
import type { HttpDeps } from '../deps.js';
import { eventStreamType } from '../feed/events.js';
import { FeedStream } from '../feed/stream.js';
import { FeedStreams } from '../feed/streams.js';
import { feedEventsSchema, feedPageSchema } from '../feed_schema.js';
import { limitDefault, pageFields } from '../page.js';
import { sendProblem } from '../problem.js';
import { problemResponses } from '../problem_schema.js';
import { momentFields } from '../read_moment.js';
import { sendJson } from '../send_json.js';

const feedQuerySchema = Type.Object(
  {
    since: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4096,
        description:
          'A cursor of the feed: what follows it. `now`: what comes from now on. Left out: from ' +
          'the beginning of the log. `Last-Event-ID` goes before it.',
      }),
    ),
    kind: Type.Optional(
      Type.Unsafe<string>({
        type: 'string',
        enum: [...recordKinds],
        description: 'Only records of this kind.',
      }),
    ),
    prefix: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 512,
        description:
          'Only claims and aliases of this concept and those below it, and what is said about ' +
          'them.',
      }),
    ),
    min_position: momentFields.min_position,
    limit: pageFields.limit,
  },
  { additionalProperties: false },
);

interface FeedQuery {
  readonly since?: string;
  readonly kind?: string;
  readonly prefix?: string;
  readonly min_position?: string;
  readonly limit?: number;
}

export async function feedRoute(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  const streams = new FeedStreams(deps.config.limits.feedStreamsMax);
  app.addHook('preClose', (done) => {
    streams.stop();
    done();
  });
  app.addHook('onClose', () => streams.ended());
  app.get('/v1/feed', {
    schema: {
      operationId: 'feed',
      tags: ['read'],
      summary: 'Read or follow the log of this node, record by record',
      description: 'With `Accept: text/event-stream` it goes on as records come.',
      querystring: feedQuerySchema,
      response: {
        200: {
          description: 'A page, or the stream.',
          content: {
            'application/json': { schema: feedPageSchema },
            [eventStreamType]: { schema: feedEventsSchema },
          },
        },
        ...problemResponses,
      },
    },
    handler: (request, reply) => {
      const query = request.query as FeedQuery;
      const question = readFeed(query, request);
      if (!question.ok) return sendProblem(reply, question.error);
      if (!wantsEvents(request)) {
        const page = { ...question.value, limit: query.limit ?? limitDefault };
        return answerPage(deps, page, request, reply);
      }
      if (query.limit === undefined) {
        return answerEvents(deps, streams, question.value, request, reply);
      }
      const detail = 'A stream has no pages: leave "limit" out, or ask for application/json.';
      return sendProblem(reply, invalidField('/limit', detail));
    },
  });
}

/** A `HEAD` has no end to wait for. */
const wantsEvents = ({ method, headers }: FastifyRequest): boolean =>
  method === 'GET' &&
  (headers.accept ?? '').split(',').some((range) => {
    const [type = ''] = range.split(';');
    return type.trim().toLowerCase() === eventStreamType;
  });

function readFeed(query: FeedQuery, { headers }: FastifyRequest): Outcome<FeedQuestion> {
  const { prefix, min_position: minPosition } = query;
  const nfc = prefix?.normalize('NFC');
  if (nfc !== prefix) {
    const detail = `"prefix" is not in Unicode normalisation form C; send ${JSON.stringify(nfc)}.`;
    return fail(faultError('not_nfc', '/prefix', detail));
  }
  const last = headers['last-event-id'];
  const since = typeof last === 'string' && last !== '' ? last : query.since;
  const kind = parseKind(query.kind ?? '');
  return ok({
    ...(since === undefined ? {} : { since }),
    ...(kind === undefined ? {} : { kind }),
    ...(prefix === undefined ? {} : { prefix }),
    ...(minPosition === undefined ? {} : { minPosition }),
  });
}

async function answerPage(
  deps: HttpDeps,
  question: FeedQuestion & { readonly limit: number },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const principal = deps.principalOf(request.headers);
  const page = await whileConnected(reply, (signal) => deps.feed.page(principal, question, signal));
  return page.ok ? sendJson(reply, 200, page.value) : sendProblem(reply, page.error);
}

async function answerEvents(
  deps: HttpDeps,
  streams: FeedStreams,
  question: FeedQuestion,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const stream = new FeedStream(deps.clock, deps.config.limits, reply);
  const entered = streams.enter(stream);
  if (!entered.ok) return sendProblem(reply, entered.error);
  const leave = entered.value;
  const principal = deps.principalOf(request.headers);
  const follower = await deps.feed
    .follow(principal, question, () => stream.tell('visible'))
    .catch((cause: unknown) => {
      leave();
      throw cause;
    });
  if (!follower.ok) {
    leave();
    return sendProblem(reply, follower.error);
  }
  stream
    .run(follower.value)
    .catch((cause: unknown) => {
      request.log.error({ err: cause, reqId: request.id }, 'A stream of the feed has failed');
      reply.raw.destroy();
    })
    .finally(leave);
  return reply;
}
