/** One ajv instance with our formats and keywords; compiles a fast check and a complete one. */
import type { TSchema } from '@sinclair/typebox';
import { Ajv, type ValidateFunction } from 'ajv';
import type { JsonValue } from '../record.js';
import { parseTime } from '../time/time.js';
import { documentFault } from './document.js';
import {
  conceptPathFault,
  isWellFormed,
  isWithinBytes,
  metadataKeyFault,
  predicateFault,
  unitFault,
  uriFault,
} from './text.js';

/** Formats whose fault is known in words. */
export const formatFaults: ReadonlyMap<string, (text: string) => string | undefined> = new Map([
  ['concept-path', conceptPathFault],
  ['predicate', predicateFault],
  ['unit', unitFault],
  ['source-uri', uriFault],
  ['metadata-key', metadataKeyFault],
]);

/** Rules between the fields of one record; each gets the whole record. */
const rules: Readonly<Record<string, (record: { readonly [name: string]: unknown }) => boolean>> = {
  // A string may carry the exact digits of a number; other values have no unit.
  'x-unit-fits-value': ({ unit, value }) =>
    unit === undefined || typeof value === 'number' || typeof value === 'string',
  'x-uri-or-hash': (source) =>
    Object.hasOwn(source, 'uri') || Object.hasOwn(source, 'content_hash'),
  'x-replacement-fits-action': (record) =>
    record.action === undefined ||
    (record.action === 'replace') === Object.hasOwn(record, 'replacement'),
  'x-a-before-b': ({ a, b }) => typeof a !== 'string' || typeof b !== 'string' || isBefore(a, b),
};

/** Order of the UTF-8 bytes, which is the order of code points. */
function isBefore(a: string, b: string): boolean {
  const encoder = new TextEncoder();
  const [x, y] = [encoder.encode(a), encoder.encode(b)];
  for (let i = 0; i < x.length && i < y.length; i += 1) {
    const [p, q] = [x[i] ?? 0, y[i] ?? 0];
    if (p !== q) return p < q;
  }
  return x.length < y.length;
}

function makeAjv(allErrors: boolean): Ajv {
  const ajv = new Ajv({ strict: true, strictTypes: false, allErrors, verbose: true });
  for (const [name, fault] of formatFaults) {
    ajv.addFormat(name, (text) => fault(text) === undefined);
  }
  ajv.addFormat('date-time', (text) => parseTime(text) !== undefined);
  ajv.addKeyword({
    keyword: 'x-bytes',
    type: 'string',
    compile: ([min, max]: [number, number]) => {
      return (text: string) => text.length >= min && isWithinBytes(text, max) && isWellFormed(text);
    },
  });
  ajv.addKeyword({
    keyword: 'x-document',
    compile: () => (value: JsonValue) => documentFault(value, '') === undefined,
  });
  for (const [keyword, rule] of Object.entries(rules)) {
    ajv.addKeyword({
      keyword,
      type: 'object',
      compile: () => rule,
    });
  }
  return ajv;
}

const fast = makeAjv(false);
const thorough = makeAjv(true);

/** Both are compiled when first needed: it is a fifth of what a start costs to compile them all. */
export interface CompiledSchema {
  /** Stops at the first fault; the usual case. */
  readonly check: () => ValidateFunction;
  /** Finds every fault. */
  readonly explain: () => ValidateFunction;
}

export function compileSchema(schema: TSchema): CompiledSchema {
  return { check: whenNeeded(fast, schema), explain: whenNeeded(thorough, schema) };
}

function whenNeeded(ajv: Ajv, schema: TSchema): () => ValidateFunction {
  let compiled: ValidateFunction | undefined;
  return () => {
    compiled ??= ajv.compile(schema);
    return compiled;
  };
}
