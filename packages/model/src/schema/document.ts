/** Limits of a claim's JSON document: depth, canonical size, and values that JSON carries exactly. */
import type { Fault } from '../errors.js';
import { canonicalText } from '../json/canonical.js';
import { pointerToken } from '../json/pointer.js';
import type { JsonValue } from '../record.js';
import { isWellFormed, utf8Length } from './text.js';

export const documentBytesMax = 65_536;
export const documentDepthMax = 32;

/** The first fault of the document at `pointer`, or undefined. */
export function documentFault(value: JsonValue, pointer: string): Fault | undefined {
  const fault = walk(value, pointer, 1);
  if (fault !== undefined) return fault;
  if (utf8Length(canonicalText(value)) <= documentBytesMax) return undefined;
  const detail = `The document may have ${documentBytesMax} canonical bytes; link to it instead.`;
  return { code: 'invalid_field', pointer, detail };
}

function walk(value: JsonValue, pointer: string, depth: number): Fault | undefined {
  if (typeof value === 'string') {
    return isWellFormed(value) ? undefined : surrogateFault(pointer);
  }
  if (typeof value === 'number') return isExact(value) ? undefined : numberFault(pointer);
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value !== 'object') {
    return { code: 'invalid_field', pointer, detail: 'This is not a JSON value; leave it out.' };
  }
  if (depth > documentDepthMax) {
    const detail = `A document may be nested ${documentDepthMax} deep; flatten it.`;
    return { code: 'too_deep', pointer, detail };
  }
  for (const [key, member] of Object.entries(value)) {
    const at = `${pointer}/${pointerToken(key)}`;
    if (key === '__proto__') {
      const detail = 'The key "__proto__" is never accepted; rename it.';
      return { code: 'forbidden_key', pointer: at, detail };
    }
    const fault = isWellFormed(key) ? walk(member, at, depth + 1) : surrogateFault(pointer);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Whether a number is stored and written back as it stands. */
export function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

export function numberFault(pointer: string): Fault {
  const detail =
    'Numbers lie within +/-(2^53 - 1); send it as a string, or scaled to a smaller one with a unit.';
  return { code: 'number_not_exact', pointer, detail };
}

export function surrogateFault(pointer: string): Fault {
  const detail =
    'A string holds half of a surrogate pair; send the whole character, or leave it out.';
  return { code: 'lone_surrogate', pointer, detail };
}
