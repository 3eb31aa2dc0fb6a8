/** Ends the work of a request whose caller has gone. */
import type { FastifyReply } from 'fastify';
import { onceOver } from './answer_end.js';

/** Runs the work with a signal that is aborted when the connection closes before its answer. */
export async function whileConnected<T>(
  reply: FastifyReply,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const forget = onceOver(reply, () => abort.abort());
  try {
    return await work(abort.signal);
  } finally {
    forget();
  }
}
