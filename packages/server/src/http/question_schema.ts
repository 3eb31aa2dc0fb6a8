/**
 * A question as it arrives, in a query string or a JSON body, and the `Question` it becomes.
 * The schema checks shapes; what a schema cannot say (times, NFC, ids) is checked here, and both
 * kinds of fault look the same to the caller.
 */

import type { TObject, TProperties } from '@sinclair/typebox';
import { Type } from '@sinclair/typebox';
import type { Fault, Outcome } from '@stemedb/model';
import { fail, ok, parseAgentId, parseRecordId, parseStamp, parseTime } from '@stemedb/model';
import type { Question } from '../query/question.js';
import { limitDefault, pageFields } from './page.js';
import { faultsError } from './problem.js';
import { unknownName } from './validate.js';

const hex64 = '^[0-9a-f]{64}$';
const time = (description: string) =>
  Type.Unsafe<string | number>({ type: ['string', 'integer'], maxLength: 64, description });

const timeForms = 'RFC 3339 with at most three decimals, or integer milliseconds';
const lifecycles = ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'] as const;

const aliasModes = ['effective', 'all', 'none'] as const;
type AliasMode = (typeof aliasModes)[number];
const retractedModes = ['exclude', 'warn'] as const;
type RetractedMode = (typeof retractedModes)[number];

const questionFields = {
  concept_path: Type.Optional(
    Type.String({ minLength: 1, maxLength: 512, description: 'Exactly this concept.' }),
  ),
  prefix: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'This concept and every one below it, by whole segments.',
    }),
  ),
  predicate: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  as_of: Type.Optional(
    time(`The moment that is asked about: ${timeForms}, or a stamp of 32 hex digits.`),
  ),
  min_position: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'A position that a write answered; the answer includes that write.',
    }),
  ),
  asserted_after: Type.Optional(time(`Only claims asserted after this time: ${timeForms}.`)),
  asserted_before: Type.Optional(time(`Only claims asserted before this time: ${timeForms}.`)),
  since: Type.Optional(
    time(`Only results whose concept and predicate gained a record after this: ${timeForms}.`),
  ),
  lifecycle: Type.Optional(Type.Unsafe<string>({ type: 'string', enum: [...lifecycles] })),
  epoch: Type.Optional(Type.String({ pattern: hex64, description: 'Id of an epoch.' })),
  source_class: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  agent_id: Type.Optional(Type.String({ pattern: hex64, description: 'Claims of this agent.' })),
  min_confidence: Type.Optional(Type.Number({ minimum: 0, maximum: 1 })),
  min_trust: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Only claims whose author is trusted at least this much.',
    }),
  ),
  include_superseded: Type.Optional(
    Type.Boolean({
      description:
        'With the claims of superseded epochs, those that were replaced and those that a ' +
        'revision took the place of.',
    }),
  ),
  aliases: Type.Optional(
    Type.Unsafe<AliasMode>({
      type: 'string',
      enum: [...aliasModes],
      default: 'effective',
      description:
        'Whose claims are read beside those of the concept: of concepts that effective aliases ' +
        'join to it, of those that proposed ones join too, or of none.',
    }),
  ),
  on_retracted: Type.Optional(
    Type.Unsafe<RetractedMode>({
      type: 'string',
      enum: [...retractedModes],
      default: 'exclude',
      description: 'What becomes of claims that are retracted or rest on what is.',
    }),
  ),
  decay: Type.Optional(
    Type.Unsafe<string | number>({
      type: ['string', 'number'],
      maxLength: 16,
      description:
        '`none`, `class` (by the half-life of the source class), or a half-life in days.',
    }),
  ),
  explain: Type.Optional(
    Type.Boolean({ description: 'Show every candidate with its factors and its role.' }),
  ),
  explain_offset: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'With `explain`: the first candidate listed; `next_offset` of the last page.',
    }),
  ),
  ...pageFields,
};

/** Any number of fields may be missing from what the schema let through. */
type QuestionInput = {
  readonly [K in keyof typeof questionFields | 'lens']?: unknown;
};

/** The schema of `/v1/query`. */
export const questionSchema = (lensNames: readonly string[]): TObject<TProperties> =>
  Type.Object(
    {
      ...questionFields,
      lens: Type.Optional(
        Type.Unsafe<string>({
          type: 'string',
          enum: [...lensNames],
          default: 'recency',
          description: 'How competing claims become one answer.',
        }),
      ),
    },
    { additionalProperties: false, description: 'One of concept_path and prefix is required.' },
  );

/** The schema of a route that names its lens in its path. */
export const lensQuestionSchema: TObject<TProperties> = Type.Object(questionFields, {
  additionalProperties: false,
});

/** Reads what the schema let through; `lens` is the path's own, if it has one. */
export function readQuestion(raw: unknown, lens?: string): Outcome<Question> {
  const input = raw as QuestionInput;
  const faults: Fault[] = [];
  const scope = readScope(input, faults);
  const times = readTimes(input, faults);
  const decay = readDecay(input.decay, faults);
  const predicate = readText(input.predicate, 'predicate', faults);
  const explainOffset = readExplainOffset(input, faults);
  const [first, ...others] = faults;
  if (first !== undefined) return fail(faultsError([first, ...others]));
  if (scope === undefined) throw new Error('A question without faults has a scope.');
  return ok({
    scope,
    lens: lens ?? text(input.lens) ?? 'recency',
    limit: typeof input.limit === 'number' ? input.limit : limitDefault,
    ...times,
    ...defined('predicate', predicate),
    ...defined('minPosition', text(input.min_position)),
    ...defined('lifecycle', text(input.lifecycle)),
    ...defined('epoch', parseRecordId(text(input.epoch) ?? '')),
    ...defined('sourceClass', text(input.source_class)),
    ...defined('agentId', parseAgentId(text(input.agent_id) ?? '')),
    ...defined('minConfidence', asNumber(input.min_confidence)),
    ...defined('minTrust', asNumber(input.min_trust)),
    ...defined('includeSuperseded', input.include_superseded === true ? true : undefined),
    ...defined('aliases', oneOf(aliasModes, input.aliases)),
    ...defined('onRetracted', oneOf(retractedModes, input.on_retracted)),
    ...defined('decay', decay),
    ...defined('explain', input.explain === true ? true : undefined),
    ...defined('explainOffset', explainOffset),
    ...defined('cursor', text(input.cursor)),
  });
}

function readScope(input: QuestionInput, faults: Fault[]): Question['scope'] | undefined {
  const conceptPath = readText(input.concept_path, 'concept_path', faults);
  const prefix = readText(input.prefix, 'prefix', faults);
  if (conceptPath !== undefined && prefix !== undefined) {
    faults.push({
      code: 'invalid_field',
      pointer: '/prefix',
      detail: 'Give concept_path or prefix, not both.',
    });
  } else if (conceptPath !== undefined) {
    return { type: 'concept', conceptPath };
  } else if (prefix !== undefined) {
    return { type: 'prefix', prefix };
  } else if (input.concept_path === undefined && input.prefix === undefined) {
    faults.push({
      code: 'missing_field',
      pointer: '/concept_path',
      detail: 'A question names a concept_path, or a prefix.',
    });
  }
  return undefined;
}

/** A name that claims can have: only NFC ones are ever stored, so another would never match. */
function readText(value: unknown, name: string, faults: Fault[]): string | undefined {
  if (typeof value !== 'string') return undefined;
  const nfc = value.normalize('NFC');
  if (nfc === value) return value;
  faults.push({
    code: 'not_nfc',
    pointer: `/${name}`,
    detail: `"${name}" is not in Unicode normalisation form C; send ${JSON.stringify(nfc)}.`,
  });
  return undefined;
}

function readTimes(input: QuestionInput, faults: Fault[]): Partial<Question> {
  return {
    ...defined('asOf', readAsOf(input.as_of, faults)),
    ...defined('assertedAfterMs', readTime(input.asserted_after, 'asserted_after', faults)),
    ...defined('assertedBeforeMs', readTime(input.asserted_before, 'asserted_before', faults)),
    ...defined('sinceMs', readTime(input.since, 'since', faults)),
  };
}

function readAsOf(value: unknown, faults: Fault[]): string | number | undefined {
  if (typeof value === 'string' && parseStamp(value) !== undefined) return value;
  const ms = readTime(value, 'as_of', faults);
  return ms === undefined ? undefined : (value as string | number);
}

function readTime(value: unknown, name: string, faults: Fault[]): number | undefined {
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const ms = parseTime(value);
  if (ms === undefined) {
    faults.push({
      code: 'invalid_field',
      pointer: `/${name}`,
      detail: `"${name}" must be a time: ${timeForms}. In a query string, write + as %2B.`,
    });
  }
  return ms;
}

function readExplainOffset(input: QuestionInput, faults: Fault[]): number | undefined {
  const offset = asNumber(input.explain_offset);
  if (offset === undefined || input.explain === true) return offset;
  faults.push({
    code: 'invalid_field',
    pointer: '/explain_offset',
    detail: '"explain_offset" pages through an explanation; send explain=true with it.',
  });
  return undefined;
}

const decayWords = ['none', 'class'] as const;

function readDecay(value: unknown, faults: Fault[]): Question['decay'] | undefined {
  if (value === undefined) return undefined;
  const word = decayWords.find((known) => known === value);
  if (word !== undefined) return word;
  if (typeof value === 'number' && value > 0 && Number.isFinite(value)) return value;
  const hint = typeof value === 'string' ? ` ${unknownName(value, decayWords)}` : '';
  faults.push({
    code: 'invalid_field',
    pointer: '/decay',
    detail: `"decay" must be none, class, or a half-life in days above 0.${hint}`,
  });
  return undefined;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string' ? value : undefined;

const oneOf = <T extends string>(names: readonly T[], value: unknown): T | undefined =>
  names.find((name) => name === value);

const asNumber = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

/** An object with the field, or without it when there is no value for it. */
function defined<K extends string, V>(name: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [P in K]?: V };
}
