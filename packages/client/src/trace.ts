/** Where a record comes from and what came of it. */
import type { ProvDocument, TraceAnswer } from '@stemedb/model';
import { type Calls, type ReadOptions, segment } from './calls.js';

export interface TraceOptions extends ReadOptions {
  /** Steps up and down, 1 to 64; 16 if left out. */
  readonly depth?: number;
  /** Records in all, 1 to 1,000; 200 if left out. */
  readonly limit?: number;
}

export const traceOf = (calls: Calls, id: string, options: TraceOptions): Promise<TraceAnswer> => {
  const { depth, limit } = options;
  return calls.read(`/v1/trace/${segment(id)}`, options, { depth, limit });
};

export const provenanceOf = (
  calls: Calls,
  id: string,
  options: TraceOptions,
): Promise<ProvDocument> => {
  const { depth, limit } = options;
  return calls.read(`/v1/trace/${segment(id)}`, options, { depth, limit, format: 'prov-json' });
};
