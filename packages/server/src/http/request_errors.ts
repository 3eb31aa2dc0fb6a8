/**
 * What the framework and the HTTP parser refuse, in the words of the one error table. Anything
 * that is not known here is a fault of ours: logged with its cause, answered as `internal`.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { StemeError } from '@stemedb/model';
import { errorTable } from '@stemedb/model';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError, problemOf, problemType, quoted, sendProblem } from './problem.js';

/** Handles what is thrown or refused while a request is answered. */
export function answerError(
  cause: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (cause instanceof ProblemError) return sendProblem(reply, cause.problem);
  const known = frameworkError(cause, request);
  if (known !== undefined) return sendProblem(reply, known);
  request.log.error({ err: cause, reqId: request.id }, 'A request failed');
  const detail = 'The server failed; its log names the cause under this request_id.';
  return sendProblem(reply, { code: 'internal', detail, extra: { request_id: request.id } });
}

export function answerNotFound(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?')[0] ?? '';
  const detail = `${quoted(path)} is not a path of this server; see /openapi.json and /docs.`;
  return sendProblem(reply, { code: 'not_found', detail });
}

function frameworkError(cause: unknown, request: FastifyRequest): StemeError | undefined {
  const code = codeOf(cause);
  switch (code) {
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE': {
      const sent = request.headers['content-type'];
      const stated = sent === undefined ? 'No content-type was sent' : `${quoted(sent)} was sent`;
      const detail = `${stated}; this call takes ${acceptedTypes(request)}.`;
      return { code: 'unsupported_media_type', detail };
    }
    case 'FST_ERR_BAD_URL':
      return { code: 'malformed_request', detail: 'The path is not a valid URL path.' };
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return { code: 'not_found', detail: 'There is nothing under a path of this length.' };
    case 'ECONNRESET':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return { code: 'malformed_request', detail: 'The connection ended before the body did.' };
    default:
      return undefined;
  }
}

function acceptedTypes(request: FastifyRequest): string {
  const types = ['application/json', 'application/x-ndjson'];
  return types.filter((type) => request.server.hasContentTypeParser(type)).join(' or ');
}

const codeOf = (cause: unknown): string | undefined =>
  cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
    ? cause.code
    : undefined;

/** Answers bytes that never became a request, and closes their connection. */
export class ClientErrors {
  /** The response to the newest request of each connection: what comes next may be its body or no
   * request. */
  readonly #newest = new WeakMap<Socket, ServerResponse>();

  /** Call before the server listens. */
  watch(server: Server): void {
    server.prependListener('request', (request: IncomingMessage, response: ServerResponse) => {
      this.#newest.set(request.socket, response);
    });
  }

  answer(app: FastifyInstance, cause: Error, socket: Socket): void {
    const code = codeOf(cause);
    if (code === 'ECONNRESET' || socket.destroyed || !socket.writable) {
      socket.destroy();
      return;
    }
    app.log.debug({ err: cause }, 'A connection sent what is not a request');
    const newest = this.#newest.get(socket);
    if (newest?.req.complete === true && !newest.writableFinished) {
      // Answers have the order of their requests: a refusal now would be read as that of a
      // request that is being answered, perhaps of a write that is being stored.
      newest.once('close', () => socket.destroySoon());
      return;
    }
    refuseConnection(socket, clientError(code));
  }
}

function refuseConnection(socket: Socket, error: StemeError): void {
  const body = JSON.stringify(problemOf(error));
  socket.end(
    `HTTP/1.1 ${errorTable[error.code].status} ${error.code}\r\n` +
      `content-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

function clientError(code: string | undefined): StemeError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return { code: 'headers_too_large', detail: 'The request line and headers are too long.' };
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return { code: 'request_timeout', detail: 'The request took too long to arrive.' };
  }
  return { code: 'malformed_request', detail: 'This is not an HTTP/1.1 request.' };
}
