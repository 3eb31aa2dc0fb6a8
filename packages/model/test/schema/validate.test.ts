import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  canonicalBytes,
  decodeStored,
  fieldsOf,
  type JsonObject,
  type JsonValue,
  kindNumber,
  kindOfNumber,
  publicError,
  publicFaults,
  type RecordContent,
  readRecord,
  recordIdOf,
  recordKinds,
  schemas,
  validateContent,
} from '@stemedb/model';
import { claim } from '../support.js';
import { fullest, id, least } from './records.js';

const object = (content: RecordContent): JsonObject => ({ ...content }) as JsonObject;

/** The faults of `value`, as "code pointer". */
function faultsOf(value: JsonValue): readonly string[] {
  const outcome = validateContent(value);
  if (outcome.ok) return [];
  const faults = outcome.error.faults ?? [];
  assert.equal(outcome.error.code, faults[0]?.code);
  for (const { detail } of faults) assert.match(detail, /^.{10,}[.?]$/s);
  return faults.map(({ code, pointer }) => `${code} ${pointer}`);
}

/** The record of `kind` above, with some fields changed. */
function changed(kind: RecordContent['kind'], fields: JsonObject): JsonValue {
  const found = least.find((content) => content.kind === kind);
  assert.ok(found !== undefined);
  return { ...object(found), ...fields };
}

const refuses = (value: JsonValue, ...expected: readonly string[]): void =>
  assert.deepEqual(faultsOf(value), expected);

describe('every kind', () => {
  it('is taken with the least and the most that it may state', () => {
    for (const content of [...least, ...fullest]) {
      assert.deepEqual(faultsOf(object(content)), [], content.kind);
      const bytes = canonicalBytes(object(content));
      assert.deepEqual(readRecord(bytes), {
        ok: true,
        value: { content, id: recordIdOf(bytes) },
      });
      assert.deepEqual(decodeStored(bytes), content);
    }
    assert.deepEqual(new Set(least.map(({ kind }) => kind)), new Set(recordKinds));
  });

  it('needs each of its required fields and knows no other', () => {
    for (const content of least) {
      for (const name of Object.keys(content)) {
        const { [name]: _, ...rest } = object(content);
        assert.ok(faultsOf(rest).includes(`missing_field /${name}`), `${content.kind} ${name}`);
      }
      refuses({ ...object(content), zzzzzzzz: 1 }, 'unknown_field /zzzzzzzz');
      const known = new Set(fieldsOf(content.kind));
      for (const name of Object.keys(content)) assert.ok(known.has(name));
      assert.equal(schemas[content.kind].type, 'object');
    }
  });

  it('has its own number, and 0 is none', () => {
    for (const kind of recordKinds) assert.equal(kindOfNumber(kindNumber[kind]), kind);
    assert.equal(new Set(Object.values(kindNumber)).size, recordKinds.length);
    assert.equal(kindOfNumber(0), undefined);
    assert.equal(kindOfNumber(10), undefined);
  });

  it('carries a realm, but for assertion, attestation and source', () => {
    const without = least.filter(
      (content) => faultsOf({ ...object(content), realm: 'lab' }).length > 0,
    );
    assert.deepEqual(
      without.map(({ kind }) => kind),
      ['assertion', 'attestation', 'source'],
    );
  });
});

const refusesField = (fields: JsonObject, ...expected: readonly string[]): void =>
  refuses(changed('assertion', fields), ...expected);

describe('an assertion', () => {
  it('is held to the limits of its texts', () => {
    const e = '\u00e9';
    refusesField({ concept_path: '' }, 'invalid_field /concept_path');
    refusesField({ concept_path: e.repeat(257) }, 'invalid_field /concept_path');
    refusesField({ concept_path: '\u{1f600}'.repeat(129) }, 'invalid_field /concept_path');
    assert.deepEqual(faultsOf(changed('assertion', { concept_path: '\u{1f600}'.repeat(128) })), []);
    refusesField({ concept_path: '\u4e2d'.repeat(171) }, 'invalid_field /concept_path');
    refusesField({ concept_path: `${'s/'.repeat(32)}s` }, 'invalid_field /concept_path');
    refusesField({ predicate: 'a/b' }, 'invalid_field /predicate');
    refusesField({ predicate: e.repeat(65) }, 'invalid_field /predicate');
    refusesField({ unit: 'm g' }, 'invalid_field /unit', 'invalid_field /unit');
    refusesField({ value: 1, unit: 'u'.repeat(33) }, 'invalid_field /unit');
    refusesField({ confidence: 1.01 }, 'invalid_field /confidence');
    refusesField({ source: 'AB'.repeat(32) }, 'invalid_field /source');
    refusesField({ source_uri: 'no scheme' }, 'invalid_field /source_uri');
    refusesField({ source_uri: `x:${'u'.repeat(2047)}` }, 'invalid_field /source_uri');
    refusesField({ derived_from: Array(65).fill(id) }, 'invalid_field /derived_from');
    refusesField({ derived_from: [id, 'x'] }, 'invalid_field /derived_from/1');
    refusesField({ lifecycle: 'aproved' }, 'invalid_field /lifecycle');
    refusesField({ salt: 'ab' }, 'invalid_field /salt');
    refusesField({ asserted_at: 1.5 }, 'invalid_field /asserted_at');
    refusesField({ asserted_at: 253_402_300_800_000 }, 'invalid_field /asserted_at');
    refusesField({ v: 2 }, 'invalid_field /v');
  });

  it('is held to the limits of its metadata', () => {
    refusesField({ metadata: { ['k'.repeat(65)]: 'v' } }, 'invalid_field /metadata');
    refusesField({ metadata: { k: 'v'.repeat(1025) } }, 'invalid_field /metadata/k');
    refusesField({ metadata: { 'a/b': 1 } }, 'invalid_field /metadata/a~1b');
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v']));
    refusesField({ metadata: many }, 'invalid_field /metadata');
    refusesField({ metadata: { ['__proto__']: 'x' } }, 'invalid_field /metadata');
  });

  it('names concepts without forbidden characters and empty segments', () => {
    for (const path of ['/a', 'a/', 'a//b', 'rfc://', 'RFC://a', '1x://a', 'a://b//c', 'a\nb']) {
      refusesField({ concept_path: path }, 'invalid_field /concept_path');
    }
    for (const code of [0, 0x1f, 0x7f, 0x85, 0x61c, 0x200b, 0x200f, 0x202e, 0x2069, 0xfeff]) {
      const path = `a${String.fromCodePoint(code)}b`;
      refusesField({ concept_path: path }, 'invalid_field /concept_path');
      refusesField({ predicate: path }, 'invalid_field /predicate');
      refusesField({ value: { ref: path } }, 'invalid_field /value/ref');
    }
    refusesField({ concept_path: 'a\ud800' }, 'lone_surrogate /concept_path');
    for (const path of ['a', 'A b', '../.', 'a%2fb', 'rfc://7519/3', 'x:y', '\u{1f600}']) {
      assert.deepEqual(faultsOf(changed('assertion', { concept_path: path })), [], path);
    }
  });
});

describe('the value of an assertion', () => {
  it('says a scalar, a reference or a document, with a hint for the rest', () => {
    const values: readonly JsonValue[] = ['', 0, -1.5, false, { ref: 'a/b' }, { json: null }];
    for (const value of values) assert.deepEqual(faultsOf(changed('assertion', { value })), []);
    for (const value of [null, [], [1], {}, { a: 1 }, { ref: 'a', json: 1 }, { ref: 1 }]) {
      const outcome = validateContent(changed('assertion', { value }));
      assert.ok(!outcome.ok);
      assert.match(outcome.error.detail, /\{"json": /);
    }
    refusesField({ value: 'v'.repeat(65_537) }, 'invalid_field /value');
    refusesField({ value: 2 ** 53 }, 'number_not_exact /value');
    refusesField({ value: 'x\udc00' }, 'lone_surrogate /value');
    refusesField({ value: { ref: '' } }, 'invalid_field /value/ref');
    refusesField({ value: { json: { a: [2 ** 60] } } }, 'number_not_exact /value/json/a/0');
    refusesField({ value: { json: ['\ud800'] } }, 'lone_surrogate /value/json/0');
    refusesField({ value: { json: 'v'.repeat(65_535) } }, 'invalid_field /value/json');
    // 65,536 bytes each: text, list and object just fit, one more does not.
    for (const json of ['v'.repeat(65_534), Array(32_767).fill(1), { k: 'v'.repeat(65_528) }]) {
      const room = 65_536 - canonicalBytes(json).length;
      assert.ok(room >= 0 && room < 2);
      assert.deepEqual(faultsOf(changed('assertion', { value: { json } })), []);
    }
    const list = Array(32_768).fill(1);
    refusesField({ value: { json: list } }, 'invalid_field /value/json');
    assert.deepEqual(faultsOf(changed('assertion', { value: { json: nested(32) } })), []);
    const deep = faultsOf(changed('assertion', { value: { json: nested(33) } }));
    assert.match(String(deep), /^too_deep \/value\/json(\/0){32}$/);
    refusesField({ unit: 'mg' }, 'invalid_field /unit');
    assert.deepEqual(faultsOf(changed('assertion', { value: '1.50', unit: 'mg' })), []);
  });
});

describe('an author who slipped', () => {
  it('hears which name was meant', () => {
    const { concept_path, ...rest } = object(claim);
    const outcome = validateContent({ ...rest, conceptPath: concept_path ?? null });
    assert.ok(!outcome.ok);
    assert.match(JSON.stringify(outcome.error.faults), /did you mean \\"concept_path\\"/);
    assert.match(String(faultsOf({ kind: 'asertion' })), /^invalid_field \/kind$/);
    assert.deepEqual(faultsOf([]), ['invalid_field ']);
    assert.deepEqual(faultsOf({}), ['missing_field /kind']);
  });
});

function nested(depth: number): JsonValue {
  let value: JsonValue = 1;
  for (let i = 0; i < depth; i += 1) value = [value];
  return value;
}

describe('the other kinds', () => {
  it('are held to their rules', () => {
    refuses(changed('vote', { weight: 1.1 }), 'invalid_field /weight');
    refuses(changed('vote', { realm: 'r'.repeat(65) }), 'invalid_field /realm');
    refuses(changed('vote', { note: '' }), 'invalid_field /note');
    refuses(changed('epoch', { supersedes: Array(65).fill(id) }), 'invalid_field /supersedes');
    refuses(changed('supersession', { action: 'replace' }), 'missing_field /replacement');
    for (const action of ['retract', 'restore']) {
      const extra = changed('supersession', { action, replacement: id });
      refuses(extra, 'invalid_field /replacement');
    }
    for (const [a, b] of [
      ['b', 'a'],
      ['a', 'a'],
      ['ab', 'a'],
      ['\u{1f600}', '\uffee'],
    ] as const) {
      refuses(changed('alias', { a, b }), 'invalid_field /a');
    }
    refuses(changed('verdict', { outcome: 'right' }), 'invalid_field /outcome');
    refuses(changed('attestation', { asserted_at: 1 }), 'unknown_field /asserted_at');
    refuses(changed('attestation', { signature: 'ab' }), 'invalid_field /signature');
    refuses(changed('source', { content: 'c'.repeat(1_048_577) }), 'invalid_field /content');
    const { uri: _, ...noUri } = changed('source', {}) as JsonObject;
    refuses(noUri, 'missing_field /uri');
    refuses(changed('policy', { classes: [] }), 'invalid_field /classes');
    const tier = { name: 'x', tier: 6, weight: 1 };
    refuses(changed('policy', { classes: [tier] }), 'invalid_field /classes/0/tier');
    refuses(changed('policy', { grants: [{ class: 'x' }] }), 'missing_field /grants/0/agent_id');
  });

  it('never answer with more faults than help', () => {
    const metadata = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${i}`, i]));
    assert.ok(faultsOf(changed('assertion', { metadata })).length <= 32);
  });
});

describe('rules of Unicode tables', () => {
  it('are told at the public API and not by the shape', () => {
    const content = {
      ...claim,
      concept_path: 'cafe\u0301',
      predicate: 'p\u0378',
      value: { ref: 'e\u0301' },
    };
    assert.deepEqual(faultsOf(object(content)), []);
    assert.deepEqual(
      publicFaults(content).map(({ code, pointer }) => `${code} ${pointer}`),
      ['not_nfc /concept_path', 'invalid_field /predicate', 'not_nfc /value/ref'],
    );
    assert.deepEqual(publicError(content)?.extra, { nfc: 'caf\u00e9' });
    assert.equal(publicError(claim), undefined);
    const alias = least.find(({ kind }) => kind === 'alias');
    assert.ok(alias?.kind === 'alias');
    assert.equal(publicFaults({ ...alias, b: 'b\u0301\u0302e\u0301' })[0]?.pointer, '/b');
  });
});

describe('stored bytes', () => {
  it('are refused in any form but the canonical one', () => {
    const text = new TextDecoder().decode(canonicalBytes(object(claim)));
    for (const other of [` ${text}`, text.replace('true', 'true '), `${text}\n`]) {
      const outcome = readRecord(new TextEncoder().encode(other));
      assert.ok(!outcome.ok);
    }
    const { kind, ...rest } = claim;
    const unsorted = JSON.stringify({ ...rest, kind });
    assert.ok(!readRecord(new TextEncoder().encode(unsorted)).ok);
    const stretched = text.replace('1700000000000', '17e11');
    assert.ok(!readRecord(new TextEncoder().encode(stretched)).ok);
  });
});
