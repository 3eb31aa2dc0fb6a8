/** A trace, in its own form and as PROV-JSON, for the documentation. */
import { Type } from '@sinclair/typebox';

const id = Type.String({ pattern: '^[0-9a-f]{64}$' });
const stamp = Type.String({ pattern: '^[0-9a-f]{32}$' });
const time = Type.String({ format: 'date-time' });
const truncated = Type.Optional(
  Type.Literal(true, { description: 'More hangs on it than the trace shows.' }),
);
const oneOf = (values: readonly string[], description: string) =>
  Type.Unsafe<string>({ type: 'string', enum: [...values], description });

const nodeSchema = Type.Object({
  id,
  kind: Type.String(),
  content: Type.Record(Type.String(), Type.Unknown(), { description: 'What it says.' }),
  omitted: Type.Optional(
    Type.Array(Type.String(), { description: 'Members of the content that are too long.' }),
  ),
  recorded_at: time,
  recorded_stamp: stamp,
  proof: oneOf(['signature', 'credential', 'node'], 'How the author was proved.'),
  state: oneOf(
    [
      ...['in_effect', 'retracted', 'replaced'],
      ...['premise_out', 'epoch_superseded', 'without_effect'],
    ],
    'Whether it counts at the moment asked.',
  ),
  because: Type.Optional(Type.String({ description: 'The record by which it does not.' })),
  detail: Type.Optional(Type.String()),
  truncated,
});

const unknownSchema = Type.Object({
  id,
  unknown: Type.Literal(true, { description: 'It is named, and not here.' }),
  truncated,
});

const hiddenSchema = Type.Object({
  hidden: Type.Literal(true, { description: 'Outside of what the caller may see.' }),
});

const edgeSchema = Type.Object({
  from: id,
  to: id,
  type: oneOf(
    ['source', 'derived_from', 'parent', 'epoch', 'target', 'replacement', 'supersedes'],
    'How `from` names `to`.',
  ),
});

const traceSchema = Type.Object({
  id,
  as_of: time,
  as_of_stamp: stamp,
  nodes: Type.Array(Type.Union([nodeSchema, unknownSchema, hiddenSchema]), {
    description: 'The record, then what it rests on, then what rests on it.',
  }),
  edges: Type.Array(edgeSchema),
  truncated,
});

const provSchema = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()), {
  description: 'PROV-JSON (W3C Member Submission, 24 April 2013), with `format=prov-json`.',
});

export const traceAnswerSchema = Type.Union([traceSchema, provSchema]);
