/** Pages and events of the feed, for the documentation. */
import { Type } from '@sinclair/typebox';

const feedRecordSchema = Type.Object({
  cursor: Type.String({ description: 'Give it as `since`: what follows this record.' }),
  id: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  record: Type.Unsafe<unknown>({ type: 'object', description: 'The content as stored.' }),
  recorded_at: Type.String({ format: 'date-time' }),
  recorded_stamp: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  proof: Type.Unsafe<string>({ type: 'string', enum: ['signature', 'credential', 'node'] }),
});

export const feedPageSchema = Type.Object({
  records: Type.Array(feedRecordSchema, { description: 'In the order of the log of this node.' }),
  next_cursor: Type.String({ description: 'Give it as `since` for what follows; always there.' }),
  more: Type.Boolean({ description: 'True when there was more to look at already.' }),
});

export const feedEventsSchema = Type.String({
  description:
    'One event for each record: `id` is its cursor, `data` the record as a page has it. The last ' +
    'event is called `end`; its `data` has `code`, `detail` and `cursor`. An `id` without `data` ' +
    'moves the cursor past what the filters left out.',
});
