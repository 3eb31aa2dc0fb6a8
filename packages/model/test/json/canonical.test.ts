import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { canonicalBytes, canonicalText, type JsonValue, parseJson } from '@stemedb/model';
import fc from 'fast-check';
import { isSoak, json, vectorText } from '../support.js';

const canonicalize = createRequire(import.meta.url)('canonicalize') as (
  value: unknown,
) => string | undefined;

/** RFC 8785 appendix B: bits of the double, and its text. */
const numbers: readonly (readonly [string, string])[] = [
  ['0000000000000000', '0'],
  ['8000000000000000', '0'],
  ['0000000000000001', '5e-324'],
  ['8000000000000001', '-5e-324'],
  ['7fefffffffffffff', '1.7976931348623157e+308'],
  ['ffefffffffffffff', '-1.7976931348623157e+308'],
  ['4340000000000000', '9007199254740992'],
  ['c340000000000000', '-9007199254740992'],
  ['4430000000000000', '295147905179352830000'],
  ['44b52d02c7e14af5', '9.999999999999997e+22'],
  ['44b52d02c7e14af6', '1e+23'],
  ['44b52d02c7e14af7', '1.0000000000000001e+23'],
  ['444b1ae4d6e2ef4e', '999999999999999700000'],
  ['444b1ae4d6e2ef4f', '999999999999999900000'],
  ['444b1ae4d6e2ef50', '1e+21'],
  ['3eb0c6f7a0b5ed8c', '9.999999999999997e-7'],
  ['3eb0c6f7a0b5ed8d', '0.000001'],
  ['41b3de4355555553', '333333333.3333332'],
  ['41b3de4355555554', '333333333.33333325'],
  ['41b3de4355555555', '333333333.3333333'],
  ['41b3de4355555556', '333333333.3333334'],
  ['41b3de4355555557', '333333333.33333343'],
  ['becbf647612f3696', '-0.0000033333333333333333'],
  ['43143ff3c1cb0959', '1424953923781206.2'],
];

function doubleOf(bits: string): number {
  return Buffer.from(bits, 'hex').readDoubleBE();
}

describe('the canonical form (RFC 8785)', () => {
  it('writes the examples of its author', () => {
    for (const name of ['arrays', 'french', 'structures', 'values', 'weird']) {
      // Some of these numbers are not exact, so the native parser reads them.
      const value = JSON.parse(vectorText(`jcs/input/${name}.json`)) as JsonValue;
      assert.equal(canonicalText(value), vectorText(`jcs/output/${name}.json`).trim(), name);
    }
  });

  it('writes the numbers of appendix B', () => {
    for (const [bits, text] of numbers) assert.equal(canonicalText(doubleOf(bits)), text, bits);
    assert.throws(() => canonicalText(doubleOf('7fffffffffffffff')), TypeError);
    assert.throws(() => canonicalText(doubleOf('7ff0000000000000')), TypeError);
  });

  it('agrees with another implementation', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = canonicalText(value);
        assert.equal(text, canonicalize(value));
        assert.deepEqual(canonicalBytes(value), new TextEncoder().encode(text));
        const again = parseJson(text);
        assert.ok(again.ok);
        assert.equal(canonicalText(again.value), text);
      }),
      { numRuns: isSoak ? 100_000 : 2_000 },
    );
  });

  it('sorts by UTF-16 code units, also keys that look like numbers', () => {
    const value = { '10': 1, '9': 2, '\u{1f600}': 3, '\ufb33': 4, a: 5 };
    assert.equal(canonicalText(value), '{"10":1,"9":2,"a":5,"\u{1f600}":3,"\ufb33":4}');
  });

  it('throws on what is no JSON value, and only on that', () => {
    assert.throws(() => canonicalText('\ud800'), TypeError);
    assert.throws(() => canonicalText({ a: ['x\udfff'] }), TypeError);
    assert.throws(() => canonicalText([undefined] as unknown as JsonValue), TypeError);
    assert.equal(canonicalText('\\ud800'), '"\\\\ud800"');
    assert.throws(() => canonicalText('\\\ud800'), TypeError);
  });
});
