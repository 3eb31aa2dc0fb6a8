/** The shape of content, checked wherever it enters (spec 1, "The gate advises"). */
import type { ErrorObject } from 'ajv';
import type { RecordId } from './brand.js';
import type { Fault, Outcome, StemeError } from './errors.js';
import { recordIdOf } from './hash/blake3.js';
import { canonicalText } from './json/canonical.js';
import { decodeUtf8, parseJson } from './json/parser.js';
import { parseKind, recordKinds } from './kind.js';
import { nearestName } from './nearest.js';
import type { JsonObject, JsonValue, RecordContent, RecordKind } from './record.js';
import { fail, ok } from './result.js';
import { type CompiledSchema, compileSchema } from './schema/compile.js';
import { explainError, valueFault } from './schema/explain.js';
import { contentSchemas } from './schema/schemas.js';

/** More faults than this help nobody, and an answer has to stay small. */
const faultsMax = 32;

const compiled: ReadonlyMap<RecordKind, CompiledSchema> = new Map(
  recordKinds.map((kind) => [kind, compileSchema(contentSchemas[kind])]),
);

/**
 * `value` as the content of a record when its own shape is right: fields, limits, forms. What needs
 * other records, a clock, a policy or Unicode tables is not looked at here.
 */
export function validateContent(value: JsonValue): Outcome<RecordContent> {
  if (!isObject(value)) {
    return failWith([
      { code: 'invalid_field', pointer: '', detail: 'A record is a JSON object; send {...}.' },
    ]);
  }
  const stated = Object.hasOwn(value, 'kind') ? value.kind : undefined;
  const kind = typeof stated === 'string' ? parseKind(stated) : undefined;
  const schema = kind === undefined ? undefined : compiled.get(kind);
  if (schema === undefined) return failWith([kindFault(stated)]);
  const check = schema.check();
  if (check(value)) return ok(value as unknown as RecordContent);
  const explain = membersWithin(value, explainedMembersMax) < 0 ? check : schema.explain();
  explain(value);
  return failWith(faultsOf(value, explain.errors ?? []));
}

/** Larger records get their first fault only: finding all of a stranger's would hold up others. */
const explainedMembersMax = 2_000;

/** `room` less the values in `value`; negative as soon as there are more. */
function membersWithin(value: JsonValue, room: number): number {
  let left = room - 1;
  if (typeof value !== 'object' || value === null) return left;
  for (const member of Object.values(value)) {
    if (left < 0) return left;
    left = membersWithin(member, left);
  }
  return left;
}

/** The error for several faults: the first one's code, all of them listed. */
function failWith(faults: readonly Fault[]): {
  readonly ok: false;
  readonly error: StemeError;
} {
  const first = faults[0];
  if (first === undefined) throw new Error('validation failed without a fault');
  const more = faults.length > 1 ? ` (${faults.length} faults in all)` : '';
  return fail({ code: first.code, detail: first.detail + more, faults });
}

function kindFault(stated: JsonValue | undefined): Fault {
  const pointer = '/kind';
  const kinds = recordKinds.join(', ');
  if (stated === undefined) {
    return { code: 'missing_field', pointer, detail: `\`kind\` is required: one of ${kinds}.` };
  }
  const meant = typeof stated === 'string' ? nearestName(stated, recordKinds) : undefined;
  const hint = meant === undefined ? '' : ` Did you mean "${meant}"?`;
  return { code: 'invalid_field', pointer, detail: `\`kind\` must be one of ${kinds}.${hint}` };
}

function faultsOf(value: JsonObject, errors: readonly ErrorObject[]): readonly Fault[] {
  const faults: Fault[] = [];
  let hasValueFault = false;
  for (const error of errors) {
    const isValue = /^\/value(\/|$)/.test(error.instancePath);
    if (isValue && value.kind === 'assertion') {
      if (hasValueFault) continue;
      hasValueFault = true;
      faults.push(valueFault(value.value ?? null));
      continue;
    }
    const fault = explainError(error);
    if (fault !== undefined) faults.push(fault);
    if (faults.length >= faultsMax) break;
  }
  return faults;
}

/** Checked content and its id from canonical bytes; refuses bytes in any other form. */
export function readRecord(
  bytes: Uint8Array,
): Outcome<{ readonly content: RecordContent; readonly id: RecordId }> {
  const text = decodeUtf8(bytes);
  if (!text.ok) return text;
  const value = parseJson(text.value);
  if (!value.ok) return value;
  const content = validateContent(value.value);
  if (!content.ok) return content;
  if (canonicalText(value.value) !== text.value) {
    const detail =
      'The record is not in canonical form (RFC 8785): sort the members, write numbers and ' +
      'strings as ECMAScript does, and leave out white space.';
    return failWith([{ code: 'invalid_field', pointer: '', detail }]);
  }
  return ok({ content: content.value, id: recordIdOf(bytes) });
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
