/** What several tests need: vectors, a key, run counts, and generators of JSON. */
import { readFileSync } from 'node:fs';
import { type AssertionContent, type JsonValue, keyPairFromSeed } from '@stemedb/model';
import fc from 'fast-check';

export const isSoak = process.env.STEMEDB_SOAK === '1';

/** A file beside these tests' sources; compiled tests lie two folders deeper. */
export const vectorText = (name: string): string =>
  readFileSync(new URL(`../../test/vectors/${name}`, import.meta.url), 'utf8');

export const keys = keyPairFromSeed(new Uint8Array(32).fill(7));

export const claim: AssertionContent = {
  kind: 'assertion',
  v: 1,
  agent_id: keys.agentId,
  asserted_at: 1_700_000_000_000,
  concept_path: 'test/cluster',
  predicate: 'replicated',
  value: true,
};

const text = fc.string({ unit: 'grapheme' });
const exactNumber = fc.oneof(
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double({ min: -9e15, max: 9e15, noNaN: true }),
);

/** Any JSON value that the parser takes: no `__proto__`, no number beyond 2^53 - 1. */
export const json: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constant(null),
    fc.boolean(),
    exactNumber,
    text,
    fc.array(tie('value'), { maxLength: 6 }),
    fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      tie('value'),
      { maxKeys: 6, noNullPrototype: true },
    ),
  ),
})).value;
