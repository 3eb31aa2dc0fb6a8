/** Ends the work of a request whose caller has gone. */
import type { FastifyReply } from 'fastify';

/** Runs the work with a signal that is aborted when the connection closes before its answer. */
export async function whileConnected<T>(
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const gone = () => abort.abort();
  reply.raw.once('close', gone);
  try {
    return await work(abort.signal);
  } finally {
    reply.raw.removeListener('close', gone);
  }
}
