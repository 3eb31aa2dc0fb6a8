/**
 * What every request passes before anything of it is believed: where it comes from, how large its
 * head is, and how its body is encoded. One hook, in this order.
 */
import type { StemeError } from '@stemedb/model';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { HostRules } from './hosts.js';
import { hostRefusal, isAllowedOrigin } from './hosts.js';
import type { HttpLimits } from './limits.js';

/** Why the head of this request is refused, or undefined. */
export function headRefusal(
  request: FastifyRequest,
  rules: HostRules,
  limits: HttpLimits,
): StemeError | undefined {
  const { raw } = request;
  const refusal = hostRefusal(raw, rules);
  if (refusal !== undefined) return refusal;
  if (raw.rawHeaders.length / 2 > limits.headersMax) {
    const detail = `A request has at most ${limits.headersMax} header fields.`;
    return { code: 'headers_too_large', detail };
  }
  if (hasSecondHost(raw.rawHeaders)) {
    return { code: 'malformed_request', detail: 'A request names one Host; leave the others out.' };
  }
  if ((raw.url ?? '').length > limits.urlBytesMax) {
    const detail = `A URL has at most ${limits.urlBytesMax} bytes; POST /v1/query takes a body.`;
    return { code: 'url_too_long', detail };
  }
  if (raw.headers['content-encoding'] !== undefined) {
    const detail = 'Bodies are sent as they are; leave Content-Encoding out.';
    return { code: 'unsupported_media_type', detail };
  }
  return undefined;
}

/** Of two, a proxy may believe the one and we the other, so there is one (RFC 9112 3.2). */
function hasSecondHost(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}

/** Lets a configured origin read the answer; true when the request was a preflight. */
export function answerCors(
  request: FastifyRequest,
  reply: FastifyReply,
  rules: HostRules,
): boolean {
  const { origin } = request.headers;
  if (rules.allowedOrigins.length > 0) reply.header('vary', 'Origin');
  if (origin === undefined || !isAllowedOrigin(origin, rules)) return false;
  reply.header('access-control-allow-origin', origin);
  reply.header('access-control-expose-headers', 'retry-after');
  if (request.method !== 'OPTIONS') return false;
  if (request.headers['access-control-request-method'] === undefined) return false;
  reply
    .code(204)
    .header('access-control-allow-methods', 'GET, HEAD, POST')
    .header('access-control-allow-headers', 'content-type')
    .header('access-control-max-age', '600')
    .send();
  return true;
}
