/** The exact JSON parser and the canonical form, against those of the platform. */
import assert from 'node:assert/strict';
import { canonicalText, type JsonValue, parseJson } from '@stemedb/model';
import { pure, textOf, utf8, valueIn } from '../target.js';

/** What the exact parser refuses although other parsers take it. */
const stricter: ReadonlySet<string> = new Set([
  ...['duplicate_key', 'forbidden_key', 'number_not_exact', 'too_deep', 'lone_surrogate'],
]);

const platformReading = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
};

const decodes = (bytes: Uint8Array): boolean => {
  try {
    new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
};

/** What RFC 8785 says, written down in the plainest way. */
const canonical = (value: JsonValue): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([k, v]) => `${JSON.stringify(k)}:${canonical(v)}`).join(',')}}`;
};

const run = (input: Uint8Array): void => {
  const outcome = parseJson(input);
  const value = valueIn(outcome, input.length);
  const platform = decodes(input) ? platformReading(textOf(input)) : undefined;
  if (value === undefined) {
    const code = outcome.ok ? '' : outcome.error.code;
    // A byte-order mark is taken off by the decoder here and refused by the parser.
    const isStricter = stricter.has(code) || code === 'byte_order_mark';
    assert.ok(platform === undefined || isStricter, `refused with ${code}`);
    return;
  }
  assert.ok(platform !== undefined, 'taken, but no JSON');
  const text = canonicalText(value);
  assert.equal(text, canonical(platform.value as JsonValue));
  assert.deepEqual(parseJson(utf8(text)), { ok: true, value });
};

export const json = pure(
  {
    name: 'json',
    seeds: [
      '{"concept_path":"a/b","predicate":"p","value":{"json":[1,-2.5,1e3,null,true,"\\u00e9\\n"]}}',
      '[0.1,-0,123456789012345,"\\ud83d\\ude00","é",{"":{}},[[],[[]]]]',
      '  { "a" : 1 , "b\\"c" : [ ] }\r\n',
    ],
    words: ['\\"', '\\/', '\\b', '\\u', '\\uD83D\\uDE00', '0.1e1', '1E+2', '-0.0', '123e-2'],
  },
  run,
);
