/** Limits of a claim's JSON document: depth, canonical size, values that JSON carries exactly. */
import type { Fault } from '../errors.js';
import { canonicalText } from '../json/canonical.js';
import { pointerToken } from '../json/pointer.js';
import type { JsonObject, JsonValue } from '../record.js';
import { isWellFormed, utf8Length } from './text.js';

const documentBytesMax = 65_536;
const documentDepthMax = 32;

/** The first fault of the document at `pointer`, or undefined. */
export function documentFault(value: JsonValue, pointer: string): Fault | undefined {
  const fault = walk(value, 1, { bytes: documentBytesMax });
  if (fault !== undefined) return { ...fault, pointer: pointer + fault.pointer };
  if (utf8Length(canonicalText(value)) <= documentBytesMax) return undefined;
  return { ...tooLarge, pointer };
}

const tooLarge: Fault = {
  code: 'invalid_field',
  pointer: '',
  detail: `The document may have ${documentBytesMax} canonical bytes; link to it instead.`,
};

/** What is left of the size: a lower bound, so that no work is done on what is far too large. */
interface Room {
  bytes: number;
}

/** The first fault at or under `value`, with its pointer from there. */
function walk(value: JsonValue, depth: number, room: Room): Fault | undefined {
  // A value and what parts it from the next one.
  room.bytes -= typeof value === 'string' ? value.length + 3 : 2;
  // The last value has no comma after it.
  if (room.bytes < -1) return tooLarge;
  if (typeof value === 'string') return isWellFormed(value) ? undefined : surrogateFault('');
  if (typeof value === 'number') return isExact(value) ? undefined : numberFault('');
  if (value === null || typeof value === 'boolean') return undefined;
  if (typeof value !== 'object') {
    return {
      code: 'invalid_field',
      pointer: '',
      detail: 'This is not a JSON value; leave it out.',
    };
  }
  if (depth > documentDepthMax) {
    const detail = `A document may be nested ${documentDepthMax} deep; flatten it.`;
    return { code: 'too_deep', pointer: '', detail };
  }
  return walkMembers(value, depth, room);
}

function walkMembers(value: object, depth: number, room: Room): Fault | undefined {
  const isList = Array.isArray(value);
  for (const key of Object.keys(value)) {
    if (!isList) room.bytes -= key.length + 3;
    const member = (value as JsonObject)[key] as JsonValue;
    const fault = (isList ? undefined : keyFault(key)) ?? walk(member, depth + 1, room);
    if (fault === tooLarge) return fault;
    if (fault !== undefined) return { ...fault, pointer: `/${pointerToken(key)}${fault.pointer}` };
  }
  return undefined;
}

function keyFault(key: string): Fault | undefined {
  if (!isWellFormed(key)) return surrogateFault('');
  if (key !== '__proto__') return undefined;
  const detail = 'The key "__proto__" is never accepted; rename it.';
  return { code: 'forbidden_key', pointer: '', detail };
}

/** Whether a number is stored and written back as it stands. */
export function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

export function numberFault(pointer: string): Fault {
  const detail =
    'Numbers lie within +/-(2^53 - 1); send it as a string, or scaled down with a unit.';
  return { code: 'number_not_exact', pointer, detail };
}

export function surrogateFault(pointer: string): Fault {
  const detail =
    'A string holds half of a surrogate pair; send the whole character, or leave it out.';
  return { code: 'lone_surrogate', pointer, detail };
}
