/** Faults in words: what ajv found, as codes, pointers and sentences that say what to do. */
import type { ErrorObject } from 'ajv';
import type { ErrorCode, Fault } from '../errors.js';
import { pointerToken } from '../json/pointer.js';
import { nearestName } from '../nearest.js';
import type { JsonValue } from '../record.js';
import { formatFaults } from './compile.js';
import { documentFault, isExact, numberFault, surrogateFault } from './document.js';
import { conceptPathFault, isWellFormed, isWithinBytes } from './text.js';

/** What an explanation needs of ajv's error beside the place. */
interface Found {
  readonly keyword: string;
  readonly params: { readonly [name: string]: unknown };
  readonly limit: unknown;
  readonly data: unknown;
  readonly pointer: string;
  /** The field in back quotes, as its pointer without the first slash. */
  readonly field: string;
  /** Names that the schema knows at this place. */
  readonly known: readonly string[];
}

/** The fault behind one error, or undefined for those that only wrap others. */
export function explainError(error: ErrorObject): Fault | undefined {
  const pointer = error.instancePath;
  const parent = error.parentSchema as { readonly properties?: object } | undefined;
  const explain = explanations[error.keyword] ?? explanations.otherwise;
  return explain?.({
    keyword: error.keyword,
    params: error.params as Found['params'],
    limit: error.schema,
    data: error.data,
    pointer,
    field: pointer === '' ? 'the record' : `\`${pointer.slice(1)}\``,
    known: Object.keys(parent?.properties ?? {}),
  });
}

const invalid = (found: Found, detail: string, code: ErrorCode = 'invalid_field'): Fault => ({
  code,
  pointer: found.pointer,
  detail: `${detail.slice(0, 1).toUpperCase()}${detail.slice(1)}.`,
});

const under = (found: Found, name: unknown): string =>
  `${found.pointer}/${pointerToken(String(name))}`;

const explanations: { readonly [keyword: string]: (found: Found) => Fault | undefined } = {
  required: (found) => ({
    code: 'missing_field',
    pointer: under(found, found.params.missingProperty),
    detail: `\`${String(found.params.missingProperty)}\` is required; add it.`,
  }),
  additionalProperties: unknownField,
  // Its inner fault carries the words.
  propertyNames: () => undefined,
  type: (found) => invalid(found, `${found.field} must be ${withArticle(String(found.limit))}`),
  const: (found) => invalid(found, `${found.field} must be ${JSON.stringify(found.limit)} here`),
  enum: (found) => {
    const names = found.limit as readonly string[];
    const meant = typeof found.data === 'string' ? nearestName(found.data, names) : undefined;
    const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
    return invalid(found, `${found.field} must be one of ${names.join(', ')}${hint}`);
  },
  pattern: (found) => {
    const digits = /\{(\d+)\}/.exec(String(found.limit))?.[1] ?? 'the';
    return invalid(found, `${found.field} must be ${digits} lower-case hex digits`);
  },
  format: (found) => {
    const text = String(found.data);
    if (!isWellFormed(text)) return surrogateFault(found.pointer);
    const fault = formatFaults.get(String(found.limit))?.(text) ?? 'is not of the right form';
    const isName = found.limit === 'metadata-key';
    return invalid(
      found,
      isName ? `the key ${JSON.stringify(text)} ${fault}` : `${found.field} ${fault}`,
    );
  },
  minimum: numberLimit,
  maximum: numberLimit,
  exclusiveMinimum: (found) => invalid(found, `${found.field} must be above ${found.limit}`),
  maxItems: (found) =>
    invalid(found, `${found.field} may have ${found.limit} items; leave some out`),
  minItems: (found) => invalid(found, `${found.field} needs at least ${found.limit} item`),
  maxProperties: (found) =>
    invalid(found, `${found.field} may have ${found.limit} members; leave some out`),
  'x-bytes': (found) => {
    const [min, max] = found.limit as [number, number];
    if (!isWellFormed(String(found.data))) return surrogateFault(found.pointer);
    if (isWithinBytes(String(found.data), max)) {
      return invalid(found, `${found.field} needs at least ${min} byte; leave it out or fill it`);
    }
    return invalid(found, `${found.field} may have ${max} bytes of UTF-8; shorten it`);
  },
  'x-unit-fits-value': () => ({
    code: 'invalid_field',
    pointer: '/unit',
    detail: '`unit` belongs to a number (or its digits as a string); leave it out here.',
  }),
  'x-uri-or-hash': () => ({
    code: 'missing_field',
    pointer: '/uri',
    detail: 'A source needs `uri` or `content_hash`; add one of them.',
  }),
  'x-replacement-fits-action': (found) =>
    (found.data as { readonly action?: unknown }).action === 'replace'
      ? {
          code: 'missing_field',
          pointer: '/replacement',
          detail: '`replacement` is required for the action `replace`; add the id.',
        }
      : {
          code: 'invalid_field',
          pointer: '/replacement',
          detail: '`replacement` is for the action `replace` only; leave it out.',
        },
  'x-a-before-b': () => ({
    code: 'invalid_field',
    pointer: '/a',
    detail: '`a` must come before `b` in the order of their bytes; swap them.',
  }),
  otherwise: (found) => invalid(found, `${found.field} breaks the rule "${found.keyword}"`),
};

function unknownField(found: Found): Fault {
  const name = String(found.params.additionalProperty);
  const meant = nearestName(name, found.known);
  const shown = name.length > 64 ? `${name.slice(0, 64)}...` : name;
  return {
    code: 'unknown_field',
    pointer: under(found, name),
    detail:
      meant === undefined
        ? `${JSON.stringify(shown)} is not a field here; known are ${found.known.join(', ')}.`
        : `${JSON.stringify(shown)} is not a field here; did you mean "${meant}"?`,
  };
}

function numberLimit(found: Found): Fault {
  if (typeof found.data === 'number' && !isExact(found.data)) return numberFault(found.pointer);
  const word = found.keyword === 'minimum' ? 'at least' : 'at most';
  return invalid(found, `${found.field} must be ${word} ${String(found.limit)}`);
}

const withArticle = (type: string): string => (/^[aeio]/.test(type) ? `an ${type}` : `a ${type}`);

/** Why `value` is no claim value, in place of one fault for each form that it is not. */
export function valueFault(value: JsonValue): Fault {
  const pointer = '/value';
  const say = (detail: string): Fault => ({ code: 'invalid_field', pointer, detail });
  if (value === null) {
    return say('`value` may not be null; leave the claim unsaid, or use {"json": null}.');
  }
  if (typeof value === 'string') {
    if (!isWellFormed(value)) return surrogateFault(pointer);
    return say('`value` may have 65536 bytes of UTF-8; store the text as a source and cite it.');
  }
  if (typeof value === 'number') return numberFault(pointer);
  if (typeof value !== 'object') return say('`value` must be a JSON value.');
  if (isArray(value)) return say('`value` may not be a bare array; use {"json": [...]}.');
  const keys = Object.keys(value);
  const { ref, json } = value;
  if (keys.length === 1 && json !== undefined) {
    return documentFault(json, '/value/json') ?? say('`value` is not a document.');
  }
  if (keys.length === 1 && typeof ref === 'string') {
    if (!isWellFormed(ref)) return surrogateFault('/value/ref');
    const why = conceptPathFault(ref) ?? 'is no concept path';
    return { code: 'invalid_field', pointer: '/value/ref', detail: `\`ref\` ${why}.` };
  }
  return say(
    '`value` may not be a bare object; use {"json": {...}}, or {"ref": "path"} for a concept.',
  );
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
