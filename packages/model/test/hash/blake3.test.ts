import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  blake3,
  blake3Hex,
  canonicalBytes,
  fromHex,
  parseAgentId,
  parseRecordId,
  parseSignature,
  parseStamp,
  recordIdOf,
  shardOf,
  toHex,
  valueKeyIn,
  valueKeyOf,
} from '@stemedb/model';
import fc from 'fast-check';
import { claim, json, vectorText } from '../support.js';

interface Case {
  readonly input_len: number;
  readonly hash: string;
}

describe('BLAKE3 and what it names', () => {
  it('gives the official hashes', () => {
    const { cases } = JSON.parse(vectorText('blake3.json')) as { readonly cases: readonly Case[] };
    assert.ok(cases.length > 20);
    for (const { input_len, hash } of cases) {
      const input = Uint8Array.from({ length: input_len }, (_, i) => i % 251);
      assert.equal(blake3Hex(input), hash);
      assert.equal(toHex(blake3(input)), hash);
    }
  });

  it('keeps a returned hash when another is made', () => {
    const first = blake3(Uint8Array.of(1));
    const copy = Uint8Array.from(first);
    blake3(Uint8Array.of(2));
    assert.deepEqual(first, copy);
  });

  it('gives one id to one content, whatever the order of its members', () => {
    const pairs = Object.entries(claim);
    const expected = recordIdOf(canonicalBytes({ ...claim }));
    fc.assert(
      fc.property(fc.shuffledSubarray(pairs, { minLength: pairs.length }), (shuffled) => {
        assert.equal(recordIdOf(canonicalBytes(Object.fromEntries(shuffled))), expected);
      }),
      { numRuns: 100 },
    );
  });

  it('hashes the UTF-8 of paths and values, short or long, plain or not', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 200 }),
      fc.string({ unit: 'binary-ascii', maxLength: 200 }),
      fc.integer({ min: 120, max: 136 }).map((length) => 'a'.repeat(length)),
    );
    fc.assert(
      fc.property(text, text, (path, value) => {
        const bytes = new TextEncoder().encode(path);
        assert.equal(shardOf(path), blake3(bytes)[0]);
        assert.equal(valueKeyOf(value), blake3Hex(canonicalBytes({ value })));
      }),
      { numRuns: 500 },
    );
  });

  it('gives different keys to values that differ', () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        const same = toHex(canonicalBytes(a)) === toHex(canonicalBytes(b));
        assert.equal(valueKeyOf({ json: a }) === valueKeyOf({ json: b }), same);
      }),
      { numRuns: 500 },
    );
    assert.notEqual(valueKeyOf(1), valueKeyOf('1'));
    assert.notEqual(valueKeyOf(1), valueKeyOf(1, 'mg'));
    assert.equal(valueKeyOf(1, 'mg'), blake3Hex(canonicalBytes({ unit: 'mg', value: 1 })));
  });

  it('takes the shard from the first byte of the hash of the path', () => {
    assert.equal(shardOf('a/b'), blake3(new TextEncoder().encode('a/b'))[0]);
  });

  it('reads and writes lower-case hex only', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
        assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
        assert.deepEqual(fromHex(toHex(bytes)), Uint8Array.from(bytes));
      }),
    );
    for (const text of ['0', '0g', 'AB', ' 0']) assert.throws(() => fromHex(text), RangeError);
    const digits = 'ab'.repeat(64);
    const parsers = [
      [parseStamp, 32],
      [parseRecordId, 64],
      [parseAgentId, 64],
      [parseSignature, 128],
    ] as const;
    for (const [parse, length] of parsers) {
      const text = digits.slice(0, length);
      assert.equal(parse(text), text);
      for (const bad of [text.slice(1), `${text}a`, text.toUpperCase(), `${text.slice(1)}\n`]) {
        assert.equal(parse(bad), undefined);
      }
    }
  });
});

describe('the key of a value', () => {
  it('gives the same key from the end of canonical bytes, where the value stands', () => {
    fc.assert(
      fc.property(json, fc.option(fc.string({ unit: 'grapheme' })), (value, stated) => {
        const unit = stated ?? undefined;
        const member = canonicalBytes({ value: { json: value } }).subarray(1);
        assert.equal(toHex(valueKeyIn(member, unit)), valueKeyOf({ json: value }, unit));
      }),
    );
  });
});
