/** Lists of records, single ones with their effect, and trust, for the documentation. */
import { Type } from '@sinclair/typebox';
import { lifecycleSchema, recordAnswerSchema } from './answer_schema.js';
import { inclusionProofSchema } from './log_schema.js';

const id = Type.String({ pattern: '^[0-9a-f]{64}$' });
const stamp = Type.String({ pattern: '^[0-9a-f]{32}$' });
const time = Type.String({ format: 'date-time' });
const share = Type.Number({ minimum: 0, maximum: 1 });

export const listedRecordSchema = Type.Composite([
  recordAnswerSchema,
  Type.Object({
    effective: Type.Boolean({ description: 'Whether it has an effect at the moment asked.' }),
    not_effective: Type.Optional(Type.String({ description: 'The rule that keeps it from one.' })),
  }),
]);

export const recordListSchema = Type.Object({
  as_of: time,
  as_of_stamp: stamp,
  records: Type.Array(listedRecordSchema, { description: 'By recorded stamp and id.' }),
  next_cursor: Type.Optional(Type.String()),
});

const votesSchema = Type.Object({
  voters: Type.Integer({ minimum: 0, description: 'Whose last vote counts and is not 0.' }),
  sum: Type.Number({ description: 'Of their last weights.' }),
  listed: Type.Array(listedRecordSchema, { description: 'At most 100, the newest first.' }),
});

export const assertionDetailSchema = Type.Composite([
  recordAnswerSchema,
  Type.Object({
    lifecycle: lifecycleSchema,
    succeeded_by: Type.Optional(id),
    voice_of: Type.Optional(id),
    votes: votesSchema,
    supersessions: Type.Array(listedRecordSchema, {
      description: 'What names it as target or replacement; at most 100, the newest first.',
    }),
    inclusion: Type.Optional(inclusionProofSchema),
  }),
]);

export const trustAnswerSchema = Type.Object({
  agent_id: id,
  as_of: time,
  as_of_stamp: stamp,
  trust: share,
  verdicts: Type.Integer({ minimum: 0 }),
  steps: Type.Array(
    Type.Object({
      verdict: id,
      target: id,
      outcome: Type.Unsafe<string>({ type: 'string', enum: ['accurate', 'inaccurate'] }),
      effective_time: time,
      trust: share,
    }),
    { description: 'The last 100, oldest first; the trust after each.' },
  ),
});
