/**
 * The log for operators: one JSON object a line on standard error. Its fields and messages are
 * documented in docs/monitoring.md; a change there is a change for those who read it by program.
 */
import type { StemeError } from '@stemedb/model';
import { type Logger, pino } from 'pino';
import type { LogMetrics } from '../log/metrics.js';

/** What an error says of itself; of one of ours the members, of a cause its stack too. */
const errorFields = (error: unknown): unknown => {
  if (error instanceof Error) return pino.stdSerializers.errWithCause(error);
  if (typeof error !== 'object' || error === null || !('cause' in error)) return error;
  return { ...error, cause: errorFields(error.cause) };
};

export const createNodeLog = (level: string): Logger => {
  const serializers = { err: errorFields, error: errorFields };
  return pino({ level, base: null, serializers }, pino.destination(2));
};

/**
 * Says once that the log refuses writes, once when the reason changes, and once that it takes them
 * again: a full disk would else fill what is left of it with the same line.
 */
export const loggedRefusals = (metrics: LogMetrics, logger: Logger): LogMetrics => {
  let refusal: { readonly code: StemeError['code']; batches: number } | undefined;
  return {
    ...metrics,
    appended: (append) => {
      metrics.appended?.(append);
      if (refusal === undefined) return;
      logger.info({ refused_batches: refusal.batches }, 'the log takes writes again');
      refusal = undefined;
    },
    writeFailed: (error) => {
      metrics.writeFailed?.(error);
      if (refusal?.code === error.code) {
        refusal.batches += 1;
        return;
      }
      refusal = { code: error.code, batches: (refusal?.batches ?? 0) + 1 };
      // That the log has failed is said with what follows from it.
      if (error.code !== 'log_failed') logger.error({ error }, 'the log refuses writes');
    },
  };
};
