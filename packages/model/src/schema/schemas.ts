/**
 * The shape of every record kind, once: these schemas validate, and `/openapi.json` shows them.
 * `x-` keywords are ours: lengths in UTF-8 bytes, and rules between two fields.
 */
import { type TSchema, Type } from '@sinclair/typebox';
import { recordKinds } from '../kind.js';
import type { RecordKind } from '../record.js';
import { timeMsMax } from '../time/time.js';

/** A text of `min`..`max` UTF-8 bytes. */
const text = (max: number, description: string, min = 1): TSchema =>
  Type.String({ 'x-bytes': [min, max], description: `${description} (${min}..${max} bytes)` });

const hex = (digits: number, description: string): TSchema =>
  Type.String({ pattern: `^[0-9a-f]{${digits}}$`, description });

const recordId = (what: string): TSchema => hex(64, `id of ${what}: 64 lower-case hex digits`);
const agentId = hex(64, 'Ed25519 public key: 64 lower-case hex digits');
const formatted = (format: string, description: string): TSchema =>
  Type.String({ format, description });

const timeMs = Type.Integer({ minimum: 0, maximum: timeMsMax, description: 'milliseconds' });
const timeStated = Type.Union([timeMs, Type.String({ format: 'date-time' })]);
const conceptPath = formatted('concept-path', 'segments joined by "/", optional scheme://');
const oneOf = (...names: readonly string[]): TSchema =>
  Type.Unsafe({ type: 'string', enum: [...names] });
const ids = (what: string): TSchema => Type.Array(recordId(what), { maxItems: 64 });
const closed = { additionalProperties: false } as const;

const claimValue = Type.Union([
  Type.String({ 'x-bytes': [0, 65_536] }),
  Type.Number({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
  Type.Boolean(),
  Type.Object({ ref: conceptPath }, closed),
  Type.Object({ json: Type.Unknown({ 'x-document': true }) }, closed),
]);

const metadata = Type.Unsafe({
  type: 'object',
  maxProperties: 16,
  propertyNames: { type: 'string', format: 'metadata-key' },
  additionalProperties: text(1024, 'value', 0),
});

const fraction = (description: string): TSchema =>
  Type.Number({ minimum: 0, maximum: 1, description });
const days = Type.Number({ exclusiveMinimum: 0, maximum: 1_000_000, description: 'days' });
const salt = hex(32, 'random; makes the id of guessable content unguessable');
const reason = text(4096, 'why');
const note = text(4096, 'note');
const optional = Type.Optional;

interface Shape {
  readonly fields: { readonly [name: string]: TSchema };
  readonly rules?: { readonly [keyword: string]: unknown };
}

const policyFields = {
  classes: Type.Array(
    Type.Object(
      {
        name: text(64, 'class'),
        tier: Type.Integer({ minimum: 0, maximum: 5 }),
        weight: fraction('weight'),
        half_life_days: optional(days),
      },
      closed,
    ),
    { minItems: 1, maxItems: 64 },
  ),
  schemes: Type.Unsafe({
    type: 'object',
    maxProperties: 256,
    propertyNames: { type: 'string', format: 'metadata-key' },
    additionalProperties: text(64, 'class'),
  }),
  class_mode: oneOf('self-declared', 'granted'),
  grants: Type.Array(Type.Object({ agent_id: agentId, class: text(64, 'class') }, closed), {
    maxItems: 4096,
  }),
  governance: oneOf('open', 'owner', 'steward'),
  stewards: Type.Array(agentId, { maxItems: 1024 }),
  verdict_agents: Type.Array(agentId, { maxItems: 1024 }),
  trust: Type.Object(
    {
      initial: fraction('score of an agent without verdicts'),
      accurate: fraction('added for an accurate claim'),
      inaccurate: Type.Number({ minimum: -1, maximum: 0, description: 'added for another' }),
      half_life_days: days,
    },
    closed,
  ),
};

const shapes: Readonly<Record<RecordKind, Shape>> = {
  assertion: {
    fields: {
      concept_path: conceptPath,
      predicate: formatted('predicate', '1..128 bytes, no "/"'),
      value: claimValue,
      unit: optional(formatted('unit', 'UCUM-style unit')),
      confidence: optional(fraction('read as 1 when absent')),
      source_class: optional(text(64, 'requested source class')),
      source: optional(recordId('a source')),
      source_uri: optional(formatted('source-uri', 'URI of a source without a record')),
      derived_from: optional(ids('an assertion or source that this claim rests on')),
      parent: optional(recordId('the claim that this one revises')),
      lifecycle: optional(oneOf('proposed', 'under_review', 'approved', 'deprecated', 'rejected')),
      epoch: optional(recordId('an epoch')),
      metadata: optional(metadata),
      salt: optional(salt),
    },
    rules: { 'x-unit-fits-value': true },
  },
  attestation: {
    fields: { target: recordId('any record'), signature: hex(128, 'Ed25519 signature') },
  },
  vote: {
    fields: {
      target: recordId('an assertion'),
      weight: Type.Number({ minimum: -1, maximum: 1, description: '0 withdraws' }),
      note: optional(note),
    },
  },
  source: {
    fields: {
      title: text(1024, 'title'),
      uri: optional(formatted('source-uri', 'where it is')),
      content_hash: optional(hex(64, "BLAKE3-256 of the source's own bytes")),
      class: optional(text(64, 'source class')),
      content: optional(text(1_048_576, 'text of the source', 0)),
      published_at: optional(timeMs),
      salt: optional(salt),
    },
    rules: { 'x-uri-or-hash': true },
  },
  epoch: {
    fields: {
      name: text(256, 'name'),
      supersedes: optional(ids('an epoch')),
      description: optional(text(4096, 'description')),
    },
  },
  supersession: {
    fields: {
      target: recordId('an assertion, source or alias'),
      action: oneOf('replace', 'retract', 'restore'),
      reason,
      replacement: optional(recordId('what takes its place')),
    },
    rules: { 'x-replacement-fits-action': true },
  },
  alias: {
    fields: { a: conceptPath, b: conceptPath, reason: optional(reason) },
    rules: { 'x-a-before-b': true },
  },
  verdict: {
    fields: {
      target: recordId('an assertion'),
      outcome: oneOf('accurate', 'inaccurate'),
      note: optional(note),
    },
  },
  policy: { fields: policyFields },
};

const realm = text(64, 'realm');
const withoutRealm: ReadonlySet<RecordKind> = new Set(['assertion', 'attestation', 'source']);

/** `complete`: as stored, with the fields that every record has; else what an author may send. */
function schemaOf(kind: RecordKind, complete: boolean): TSchema {
  const { fields, rules } = shapes[kind];
  const must = complete ? (schema: TSchema): TSchema => schema : optional;
  const common: { [name: string]: TSchema } = {
    kind: must(Type.Literal(kind)),
    v: must(Type.Literal(1)),
    agent_id: must(agentId),
  };
  if (kind !== 'attestation') common.asserted_at = must(complete ? timeMs : timeStated);
  if (!withoutRealm.has(kind)) common.realm = optional(realm);
  const sent = { ...fields };
  if (!complete && kind === 'source') sent.published_at = optional(timeStated);
  return Type.Object({ ...common, ...sent }, { ...closed, ...rules });
}

function allSchemas(complete: boolean): Readonly<Record<RecordKind, TSchema>> {
  const pairs = recordKinds.map((kind) => [kind, schemaOf(kind, complete)] as const);
  return Object.fromEntries(pairs) as Record<RecordKind, TSchema>;
}

/** What an author may send, by kind: `kind`, `v`, `agent_id`, `asserted_at` may be left out. */
export const schemas = allSchemas(false);

/** A complete record, by kind: what `validateContent` holds content against. */
export const contentSchemas = allSchemas(true);

/** The fields that a record of `kind` may have, in canonical order. */
export function fieldsOf(kind: RecordKind): readonly string[] {
  return Object.keys(contentSchemas[kind].properties as object).sort();
}
