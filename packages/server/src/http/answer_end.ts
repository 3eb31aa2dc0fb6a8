/**
 * When an answer is over: it was sent, or nobody is there any more to take it. The platform says
 * `close` of the one response that a connection is writing; of those queued behind it, which a
 * client makes by pipelining (RFC 9112, section 9.3.2), it says nothing when the connection dies.
 * So the connection is watched as well.
 */
import type { Socket } from 'node:net';
import type { FastifyReply } from 'fastify';

/** What is told when a connection closes. One listener each: it has as many answers as its client
 * likes, at the same time and one after another. */
const watched = new WeakMap<Socket, Set<() => void>>();

const watchersOf = (socket: Socket): Set<() => void> => {
  const known = watched.get(socket);
  if (known !== undefined) return known;
  const watchers = new Set<() => void>();
  socket.once('close', () => {
    for (const tell of watchers) tell();
  });
  watched.set(socket, watchers);
  return watchers;
};

/** Whether the answer or its connection is closed: what is sent reaches nobody. */
export const isOver = ({ raw: response, request }: FastifyReply): boolean =>
  response.destroyed || request.raw.socket.destroyed;

/** Calls `tell` once, when the answer or its connection is closed, at once when it is already;
 * never after the result was called. */
export function onceOver(reply: FastifyReply, tell: () => void): () => void {
  if (isOver(reply)) {
    tell();
    return () => undefined;
  }
  const { raw: response, request } = reply;
  const watchers = watchersOf(request.raw.socket);
  const forget = (): void => {
    response.removeListener('close', over);
    watchers.delete(over);
  };
  const over = (): void => {
    forget();
    tell();
  };
  response.once('close', over);
  watchers.add(over);
  return forget;
}
