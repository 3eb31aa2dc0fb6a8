import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeText, escapeValue, shorten } from '../../src/cli/escape.js';

/** What a terminal, or a reader's eye, would act upon. */
const dangerous = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

const attacks: readonly (readonly [string, string])[] = [
  ['\u001b[2J\u001b[H', '\\u001b[2J\\u001b[H'],
  ['\u001b]0;title\u0007', '\\u001b]0;title\\u0007'],
  ['\u009b31m', '\\u009b31m'],
  ['a\r\nb\tc', 'a\\r\\nb\\tc'],
  ['\u202egpj.exe', '\\u202egpj.exe'],
  ['a\u200bb\ufeff', 'a\\u200bb\\ufeff'],
  ['line\u2028line', 'line\\u2028line'],
  ['\ud800', '\\ud800'],
  ['\u{e0041}', '\\u{e0041}'],
];

for (const [text, expected] of attacks) {
  test(`${JSON.stringify(text)} is shown, not obeyed`, () => {
    assert.equal(escapeText(text), expected);
  });
}

test('readable text of any script stays readable', () => {
  for (const text of ['Ünïcode', 'Καλημέρα', '日本語', 'हिन्दी', '🙂', 'a b\\c']) {
    assert.equal(escapeText(text), text);
  }
});

test('values keep their type visible', () => {
  assert.equal(escapeValue('1'), '"1"');
  assert.equal(escapeValue(1), '1');
  assert.equal(escapeValue({ ref: 'a\u001bb' }), '{"ref":"a\\u001bb"}');
});

test('no text whatever leaves anything dangerous', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(escapeText(text), dangerous);
      assert.doesNotMatch(escapeValue(text), dangerous);
    }),
    { numRuns: 2000 },
  );
});

test('a long text is cut between characters', () => {
  assert.equal(shorten('🙂🙂🙂', 3), '🙂🙂🙂');
  assert.equal(shorten('🙂🙂🙂🙂', 3), '🙂🙂…');
});
