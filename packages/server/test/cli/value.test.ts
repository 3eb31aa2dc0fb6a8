import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readValue, type ValueType } from '../../src/cli/value.js';

const good: readonly (readonly [string, ValueType, unknown])[] = [
  ['42', 'auto', 42],
  ['-1.5', 'auto', -1.5],
  ['true', 'auto', true],
  ['false', 'auto', false],
  // Version and item numbers: as numbers they would lose their zeros.
  ['1.10', 'auto', '1.10'],
  ['007', 'auto', '007'],
  ['1e3', 'auto', '1e3'],
  ['NaN', 'auto', 'NaN'],
  ['Infinity', 'auto', 'Infinity'],
  ['-0', 'auto', '-0'],
  ['', 'auto', ''],
  ['9007199254740993', 'auto', '9007199254740993'],
  ['null', 'auto', 'null'],
  ['true', 'string', 'true'],
  ['42', 'string', '42'],
  ['1.10', 'number', 1.1],
  ['drug/aspirin', 'ref', { ref: 'drug/aspirin' }],
  ['{"a":[1]}', 'json', { json: { a: [1] } }],
];

for (const [text, type, expected] of good) {
  test(`${JSON.stringify(text)} as ${type}`, () => {
    assert.deepEqual(readValue(text, type), { ok: true, value: expected });
  });
}

const bad: readonly (readonly [string, ValueType, string])[] = [
  ['abc', 'number', 'malformed_json'],
  ['"5"', 'number', 'invalid_field'],
  ['9007199254740993', 'number', 'number_not_exact'],
  ['yes', 'boolean', 'invalid_field'],
  ['{', 'json', 'malformed_json'],
];

for (const [text, type, code] of bad) {
  test(`${JSON.stringify(text)} is no ${type}`, () => {
    const read = readValue(text, type);
    assert.ok(!read.ok);
    assert.equal(read.error.code, code);
  });
}
