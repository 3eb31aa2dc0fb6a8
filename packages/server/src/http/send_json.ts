/** Sends JSON that is text already, also as its UTF-8 bytes. */
import type { FastifyReply } from 'fastify';

export const sendJson = (
  reply: FastifyReply,
  status: number,
  text: string | Uint8Array,
): FastifyReply =>
  reply.code(status).header('content-type', 'application/json; charset=utf-8').send(text);
