import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorTable, parseJson, validateContent } from '@stemedb/model';
import fc from 'fast-check';
import { isSoak, json } from '../support.js';

const encoder = new TextEncoder();

/** The fault that parsing `input` meets, as "code pointer". */
function faultOf(input: Uint8Array | string, depthMax?: number): string {
  const outcome = parseJson(input, depthMax === undefined ? {} : { depthMax });
  assert.ok(!outcome.ok, `was accepted: ${String(input)}`);
  const [fault] = outcome.error.faults ?? [];
  assert.ok(fault !== undefined);
  assert.equal(fault.code, outcome.error.code);
  assert.match(fault.detail, /^.{10,}\.$/s);
  return `${fault.code} ${fault.pointer}`;
}

function parsed(input: string): unknown {
  const outcome = parseJson(input);
  assert.ok(outcome.ok, `was refused: ${input}`);
  return outcome.value;
}

describe('the exact JSON parser', () => {
  it('agrees with the native parser on every exact document', () => {
    fc.assert(
      fc.property(json, fc.constantFrom(undefined, 1, '\t'), (value, indent) => {
        const written = JSON.stringify(value, null, indent);
        assert.deepEqual(parsed(written), JSON.parse(written));
        const fromBytes = parseJson(encoder.encode(written));
        assert.ok(fromBytes.ok);
        assert.deepEqual(fromBytes.value, JSON.parse(written));
      }),
      { numRuns: isSoak ? 100_000 : 1_000 },
    );
  });

  it('accepts no text that the native parser refuses', () => {
    const symbols = [
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '.',
      'e',
      '0',
      'true',
      ' ',
    ];
    const text = fc.array(fc.constantFrom(...symbols, '\\', '\\u00', 'null', '\n'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(text, (parts) => {
        const outcome = parseJson(parts.join(''));
        if (!outcome.ok) return;
        // -0 is read as 0, which writing hides.
        const native: unknown = JSON.parse(parts.join(''));
        assert.equal(JSON.stringify(outcome.value), JSON.stringify(native));
      }),
      { numRuns: isSoak ? 1_000_000 : 20_000 },
    );
  });
});

describe('numbers in the exact parser', () => {
  it('are taken when a double holds their decimal value', () => {
    const exact: readonly (readonly [string, number])[] = [
      ['1.0', 1],
      ['1.50', 1.5],
      ['-0', 0],
      ['-0.0e9', 0],
      ['0e999999', 0],
      ['1e2', 100],
      ['12E-1', 1.2],
      ['0.1', 0.1],
      ['1000000e-6', 1],
      ['9007199254740991', 2 ** 53 - 1],
      ['0.0000001', 1e-7],
      ['0.00000012e1', 0.0000012],
      ['123456789012.5e-20', 1.234567890125e-9],
      ['5e-324', 5e-324],
      [`1${'0'.repeat(400)}e-400`, 1],
    ];
    for (const [token, value] of exact) assert.ok(Object.is(parsed(token), value), token);
  });

  it('are refused when they would change, or are integers beyond 2^53 - 1', () => {
    const inexact = ['0.10000000000000000001', '9007199254740993', '-9007199254740992', '1e400'];
    inexact.push('1e-400', '1e300', '1e21', '4.35e-324', '333333333.33333329', '1e99999999999999');
    for (const token of inexact) {
      assert.equal(faultOf(`{"a":[1,${token}]}`), 'number_not_exact /a/1', token);
    }
  });

  it('keep their decimal value', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9][0-9]{0,18})(\.[0-9]{1,18})?(e[+-]?[0-9]{1,2})?$/);
    fc.assert(
      fc.property(digits, (token) => {
        const outcome = parseJson(token);
        if (!outcome.ok) return;
        assert.deepEqual(fractionOf(token), fractionOf(String(outcome.value)));
      }),
      { numRuns: isSoak ? 200_000 : 5_000 },
    );
  });
});

describe('what the exact parser refuses', () => {
  it('what two programs may read differently', () => {
    assert.equal(faultOf('{"a":{"b":1,"b":2}}'), 'duplicate_key /a/b');
    assert.equal(faultOf('{"a":1,"\\u0061":2}'), 'duplicate_key /a');
    assert.equal(faultOf('[{"__proto__":{}}]'), 'forbidden_key /0/__proto__');
    assert.equal(faultOf('{"\\u005f_proto__":1}'), 'forbidden_key /__proto__');
    assert.equal(faultOf('{"a/b~":"\\ud800"}'), 'lone_surrogate /a~1b~0');
    assert.equal(faultOf('["\\udc00\\ud800"]'), 'lone_surrogate /0');
    assert.equal(faultOf('["\ud800"]'), 'lone_surrogate /0');
    assert.equal(faultOf('\ufeff{}'), 'byte_order_mark ');
    assert.equal(faultOf(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), 'byte_order_mark ');
    assert.equal(faultOf(Uint8Array.of(0x22, 0xff, 0x22)), 'invalid_utf8 ');
    assert.equal(faultOf(Uint8Array.of(0x22, 0xed, 0xa0, 0x80, 0x22)), 'invalid_utf8 ');
    assert.equal(faultOf(Uint8Array.of(0x22, 0xc0, 0x80, 0x22)), 'invalid_utf8 ');
    assert.equal(parsed('"\\ud83d\\ude00"'), '\u{1f600}');
    assert.equal(parsed('"\\u0000\\/\\b\\f\\n\\r\\t\\"\\\\"'), '\u0000/\b\f\n\r\t"\\');
  });

  it('what is not JSON', () => {
    const broken = [
      '',
      ' ',
      '{',
      '[1,]',
      '{"a":1,}',
      "{'a':1}",
      '{a:1}',
      '[1 2]',
      '01',
      '1.',
      '.5',
    ];
    broken.push(
      '+1',
      'NaN',
      'Infinity',
      'nul',
      '"a',
      '"\u0001"',
      '"\\x"',
      '"\\u12"',
      '1 1',
      '/**/1',
    );
    for (const text of broken) assert.match(faultOf(text), /^malformed_json /, text);
    assert.equal(faultOf('{"a":[1,{"b":tru}]}'), 'malformed_json /a/1/b');
    const outcome = parseJson('{\n  "a": x}');
    assert.ok(!outcome.ok);
    assert.match(outcome.error.detail, /line 2, column 8/);
  });

  it('what is nested too deep', () => {
    assert.equal(faultOf('[[[1]]]', 2), 'too_deep /0/0');
    assert.ok(parseJson('[[1]]', { depthMax: 2 }).ok);
    assert.match(faultOf('['.repeat(1_000_000)), /^too_deep /);
    assert.match(faultOf('{"a":'.repeat(100_000)), /^too_deep /);
  });

  it('but not names that objects inherit', () => {
    const outcome = parseJson('{"constructor":1,"hasOwnProperty":2,"toString":3}');
    assert.ok(outcome.ok);
    assert.deepEqual(Object.keys(outcome.value as object).length, 3);
  });
});

/** A number token as numerator and power of ten, by whole numbers only. */
function fractionOf(token: string): { readonly digits: bigint; readonly power: number } {
  const [mantissa = '', exponent = '0'] = token.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  let digits = BigInt(whole + fraction);
  let power = Number(exponent) - fraction.length + 0;
  if (digits === 0n) return { digits: 0n, power: 0 };
  while (digits % 10n === 0n) {
    digits /= 10n;
    power += 1;
  }
  return { digits, power };
}

describe('malformed bodies (fault 15)', () => {
  const seeds = [
    '{"kind":"assertion","v":1,"concept_path":"a/b","predicate":"p","value":1}',
    '{"kind":"vote","v":1,"target":"00","weight":1e999,"note":"\\ud800"}',
    '{"a":NaN,"b":[1,2,{"__proto__":{"x":1}}],"a":0.1000000000000000055511151231257827}',
    `${'['.repeat(70)}1${']'.repeat(70)}`,
  ].map((text) => encoder.encode(text));

  const mutation = fc.tuple(
    fc.constantFrom(...seeds, Uint8Array.of(0xef, 0xbb, 0xbf)),
    fc.array(fc.tuple(fc.nat(), fc.nat(255), fc.nat(2)), { minLength: 1, maxLength: 6 }),
  );

  const mangled = mutation.map(([seed, edits]) => {
    let bytes = [...seed];
    for (const [at, byte, how] of edits) {
      const place = at % (bytes.length + 1);
      if (how === 0) bytes = bytes.toSpliced(place, 1, byte);
      else if (how === 1) bytes = bytes.toSpliced(place, 0, byte);
      else bytes = bytes.slice(0, place);
    }
    return Uint8Array.from(bytes);
  });

  it('always get an error with a code, never an exception', () => {
    const body = fc.oneof(mangled, fc.uint8Array({ maxLength: 64 }), json.map(asBytes));
    fc.assert(
      fc.property(body, (bytes) => {
        const read = parseJson(bytes);
        const outcome = read.ok ? validateContent(read.value) : read;
        // A mutation may leave a well-formed body: then there is nothing to refuse.
        if (outcome.ok) return;
        const { code, faults = [] } = outcome.error;
        const { status } = errorTable[code];
        assert.ok(status >= 400 && status < 500, code);
        assert.ok(faults.length > 0);
        for (const fault of faults) assert.match(fault.pointer, /^(\/([^~/]|~[01])*)*$/);
      }),
      { numRuns: isSoak ? 1_000_000 : 10_000 },
    );
  });

  const asBytes = (value: unknown): Uint8Array => encoder.encode(JSON.stringify(value));
});
