/**
 * Validation at the door: the schema that documents a route also checks it, and every fault
 * becomes a code and a JSON pointer. A query string is first read into the types of its schema, so
 * both spellings of a question pass through the same check.
 */
import type { Fault, Outcome } from '@stemedb/model';
import { fail, nearestName, ok } from '@stemedb/model';
import type { ErrorObject, ValidateFunction } from 'ajv';
import { Ajv } from 'ajv';
import type { FastifySchemaCompiler } from 'fastify';
import { faultsError, faultsReportedMax, ProblemError, quoted } from './problem.js';

const ajv = new Ajv({ allErrors: true, verbose: true, strict: false });

/** The part of a JSON schema that reading a query string needs. */
interface ObjectSchema {
  readonly properties?: { readonly [name: string]: { readonly type?: string | readonly string[] } };
}

/** Checks what was sent; the value has the types of the schema. */
export type InputCheck = (input: unknown) => Outcome<unknown>;

/**
 * Makes a schema a check of bodies or of parsed query strings. It is compiled for the first request
 * that needs it: all of them together are a tenth of what a start costs.
 */
export function inputCheck(schema: object, fromQueryString: boolean): InputCheck {
  const objectSchema: ObjectSchema = schema;
  let validate: ValidateFunction | undefined;
  const known = Object.keys(objectSchema.properties ?? {});
  return (input) => {
    const value = fromQueryString ? readQueryString(objectSchema, input) : input;
    validate ??= ajv.compile(schema);
    if (validate(value)) return ok(value);
    return fail(faultsError(faultsOf(validate.errors ?? [], known, fromQueryString)));
  };
}

/** Makes a route's schema a check that answers with problems. */
export const validatorCompiler: FastifySchemaCompiler<unknown> = ({ schema, httpPart }) => {
  const check = inputCheck(schema as object, httpPart === 'querystring');
  return (input: unknown) => {
    const checked = check(input);
    return checked.ok ? { value: checked.value } : { error: new ProblemError(checked.error) };
  };
};

/** For what is checked elsewhere: ingest checks records with the model's schemas, and handlers of
 * questions with `inputCheck`. */
export const checkedElsewhere: FastifySchemaCompiler<unknown> = () => (value: unknown) => ({
  value,
});

/** Turns the text of a query string into the types that the schema names, where it can. */
function readQueryString(schema: ObjectSchema, input: unknown): unknown {
  const typed = new Map<string, unknown>();
  for (const [name, text] of Object.entries(input as Record<string, unknown>)) {
    typed.set(name, typeof text === 'string' ? readText(schema, name, text) : text);
  }
  return Object.fromEntries(typed);
}

function readText(schema: ObjectSchema, name: string, text: string): unknown {
  const types = [
    Object.hasOwn(schema.properties ?? {}, name) ? schema.properties?.[name]?.type : [],
  ]
    .flat()
    .filter((type) => type !== undefined);
  if (types.includes('boolean') && (text === 'true' || text === 'false')) return text === 'true';
  if (types.includes('integer') && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (types.includes('number') && /^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return Number(text);
  return text;
}

function faultsOf(
  errors: readonly ErrorObject[],
  known: readonly string[],
  fromQueryString: boolean,
): readonly [Fault, ...Fault[]] {
  const byPointer = new Map<string, Fault>();
  for (const error of errors) {
    const fault = faultOf(error, known, fromQueryString);
    if (!byPointer.has(fault.pointer)) byPointer.set(fault.pointer, fault);
    if (byPointer.size >= faultsReportedMax) break;
  }
  const [first, ...others] = byPointer.values();
  if (first === undefined) throw new Error('A refused input has at least one fault.');
  return [first, ...others];
}

function faultOf(error: ErrorObject, known: readonly string[], fromQueryString: boolean): Fault {
  const params = error.params as { readonly [name: string]: unknown };
  if (error.keyword === 'required') {
    const name = String(params.missingProperty);
    return fault('missing_field', pointerTo(error.instancePath, name), `"${name}" is required.`);
  }
  if (error.keyword === 'additionalProperties') {
    const name = String(params.additionalProperty);
    const pointer = pointerTo(error.instancePath, name.slice(0, 128));
    return fault('unknown_field', pointer, unknownName(name, known));
  }
  const pointer = error.instancePath;
  const name = pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
  const subject = name === '' ? 'The body' : `"${name}"`;
  if (fromQueryString && error.keyword === 'type' && Array.isArray(error.data)) {
    return fault('invalid_field', pointer, `${subject} may be given once.`);
  }
  return fault('invalid_field', pointer, `${subject} ${describe(error, params)}.`);
}

const fault = (code: Fault['code'], pointer: string, detail: string): Fault => ({
  code,
  pointer,
  detail,
});

function describe(error: ErrorObject, params: { readonly [name: string]: unknown }): string {
  if (error.keyword === 'enum' && Array.isArray(params.allowedValues)) {
    return `must be one of ${params.allowedValues.map((value) => String(value)).join(', ')}`;
  }
  if (error.keyword === 'type') return `must be ${[params.type].flat().join(' or ')}`;
  return error.message ?? 'is not valid';
}

/** The sentence that refuses an unknown name, with the nearest known one. */
export function unknownName(name: string, known: readonly string[]): string {
  const nearest = nearestName(name.slice(0, 128), known);
  const hint = nearest === undefined ? `Known: ${known.join(', ')}.` : `Did you mean "${nearest}"?`;
  return `${quoted(name)} is not known. ${hint}`;
}

const pointerTo = (parent: string, name: string): string =>
  `${parent}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
