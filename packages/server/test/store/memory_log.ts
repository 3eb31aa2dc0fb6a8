/** A log that is a list of records: what replay and verification need of one. */
import { fail, type HlcStamp, ok } from '@stemedb/model';
import { LogCorruptError } from '../../src/log/failure.js';
import type { Log, LogRecord } from '../../src/log/log.js';

/** `failAt`: the sequence whose frame cannot be read. */
export function memoryLog(records: readonly LogRecord[], failAt?: number): Log {
  const unused = async (): Promise<never> => {
    throw new Error('this log is only read');
  };
  return {
    logId: '0'.repeat(32),
    lastSequence: records.length,
    durableSequence: records.length,
    lastStamp: records
      .map(({ stamp }) => stamp)
      .sort()
      .at(-1) as HlcStamp | undefined,
    append: unused,
    read: (sequence) => {
      const record = records[sequence - 1];
      if (record !== undefined) return ok(record);
      return fail({ code: 'log_corrupt', detail: `no record ${sequence}` });
    },
    async *iterate({ sequence, offset }) {
      const first = records[sequence - 1];
      if (offset !== undefined && first !== undefined && first.offset !== offset) {
        throw new Error(`record ${sequence} is not at ${offset}`);
      }
      for (let at = sequence - 1; at < records.length; at += 7) {
        const chunk = records.slice(at, at + 7);
        if (chunk.some((record) => record.sequence === failAt)) {
          throw new LogCorruptError({ code: 'log_corrupt', detail: `frame ${failAt} is bad` });
        }
        yield chunk;
      }
    },
    mark: unused,
    close: async () => {},
    failure: undefined,
    usage: { segments: 1, bytes: 0 },
  };
}
