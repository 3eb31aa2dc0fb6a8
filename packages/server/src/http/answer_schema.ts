/** What a question answers and what a record looks like when it is read, for the documentation. */
import { Type } from '@sinclair/typebox';

const id = Type.String({ pattern: '^[0-9a-f]{64}$' });
const stamp = Type.String({ pattern: '^[0-9a-f]{32}$' });
const anything = (description: string) => Type.Unsafe<unknown>({ description });
const share = Type.Number({ minimum: 0, maximum: 1 });
const warnings = Type.Array(Type.Object({ code: Type.String(), detail: Type.String() }));

export const lifecycleSchema = Type.Unsafe<string>({
  type: 'string',
  enum: ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'],
  description: 'In which it takes part.',
});

export const recordAnswerSchema = Type.Object({
  id,
  record: Type.Unsafe<unknown>({ type: 'object', description: 'The content as stored.' }),
  recorded_at: Type.String({ format: 'date-time' }),
  recorded_stamp: stamp,
  proof: Type.Unsafe<string>({ type: 'string', enum: ['signature', 'credential', 'node'] }),
  signatures: Type.Optional(Type.Array(Type.Object({ agent_id: id, signature: Type.String() }))),
  signatures_count: Type.Optional(Type.Integer()),
  warnings: Type.Optional(warnings),
});

const valueSchema = Type.Object({
  value: anything('What the claims of this group say.'),
  unit: Type.Optional(Type.String()),
  score: Type.Number(),
  share: Type.Optional(share),
  support: Type.Number({ minimum: 0 }),
  claims: Type.Integer({ minimum: 1 }),
  assertion: id,
});

const tierSchema = Type.Object({
  tier: Type.Integer({ minimum: 0, maximum: 5 }),
  class: Type.String(),
  value: anything('The winner of this tier alone.'),
  unit: Type.Optional(Type.String()),
  confidence: share,
  conflict_score: share,
  candidates_count: Type.Integer({ minimum: 1 }),
  assertion: id,
  tied: Type.Optional(Type.Literal(true)),
});

const constraintSchema = Type.Object(
  {
    type: Type.Unsafe<string>({ type: 'string', enum: ['must_use', 'forbidden', 'prefer'] }),
    subject: Type.String({ description: 'What must be used, is forbidden or is preferred.' }),
    distance: Type.Integer({ minimum: 0, description: '0: stated of the concept itself.' }),
    contradicted_by: Type.Optional(
      Type.Array(Type.String(), { description: 'Concepts that say the opposite of the subject.' }),
    ),
  },
  { description: 'What this result asks, under the lens `constraints`.' },
);

const resultSchema = Type.Object({
  concept_path: Type.String(),
  predicate: Type.String(),
  value: Type.Optional(anything('The winner; absent under a lens that names none.')),
  unit: Type.Optional(Type.String()),
  confidence: Type.Optional(share),
  conflict_score: Type.Number({
    minimum: 0,
    maximum: 1,
    description: '0 for one value, 1 for an even split.',
  }),
  entropy_bits: Type.Number({ minimum: 0 }),
  values_count: Type.Integer({ minimum: 1 }),
  status: Type.Unsafe<string>({ type: 'string', enum: ['unanimous', 'agreed', 'contested'] }),
  candidates_count: Type.Integer({ minimum: 1 }),
  aliases: Type.Optional(
    Type.Array(Type.String(), { description: 'The other concepts whose claims took part.' }),
  ),
  constraint: Type.Optional(constraintSchema),
  tied: Type.Optional(Type.Literal(true)),
  tied_with: Type.Optional(Type.Array(valueSchema)),
  truncated: Type.Optional(Type.Integer({ minimum: 1 })),
  assertion: Type.Optional(recordAnswerSchema),
  lifecycle: Type.Optional(lifecycleSchema),
  voice_of: Type.Optional(
    Type.String({ description: 'The first claim of its chain of transitions, when it is one.' }),
  ),
  values: Type.Optional(Type.Array(valueSchema)),
  tiers: Type.Optional(Type.Array(tierSchema)),
  notes: Type.Optional(Type.Array(Type.String())),
  warnings: Type.Optional(warnings),
  explain: Type.Optional(anything('Every candidate with its factors and its role.')),
});

export const answerSchema = Type.Object({
  lens: Type.String(),
  as_of: Type.String({ format: 'date-time' }),
  as_of_stamp: stamp,
  final: Type.Boolean({ description: 'True when later arrivals cannot change this answer.' }),
  policy: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
  classes: Type.Optional(Type.Literal('self-declared')),
  results: Type.Array(resultSchema, { description: 'Ordered bytewise by path and predicate.' }),
  next_cursor: Type.Optional(Type.String()),
  query_id: Type.String(),
});
