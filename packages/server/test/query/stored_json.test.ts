/** Text that is cut out of stored records and put into answers says what the record says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  AssertionContent,
  ClaimValue,
  HlcStamp,
  JsonValue,
  RecordContent,
  RecordId,
} from '@stemedb/model';
import { canonicalBytes } from '@stemedb/model';
import { Generations } from '../../src/query/generations.js';
import { QueryCache } from '../../src/query/query_cache.js';
import { CachedRecords } from '../../src/query/records.js';
import { cutValue, jsonBytes, StoredJson, statedValueOf } from '../../src/query/stored_json.js';

const claim = (value: ClaimValue, more: Partial<AssertionContent> = {}): AssertionContent => ({
  kind: 'assertion',
  v: 1,
  agent_id: 'a'.repeat(64) as AssertionContent['agent_id'],

  asserted_at: 1,
  concept_path: 'lab/x',
  predicate: 'p',
  value,
  ...more,
});

const stored = (content: AssertionContent): StoredJson<RecordContent> =>
  new StoredJson(canonicalBytes(content as unknown as JsonValue));

const values: readonly ClaimValue[] = [
  '',
  'plain',
  'with "quotes", \\ and \n and ünïcode 🙂',
  '"v":1,"value":"not this"',
  0,
  -1.5e-9,
  true,
  false,
  { ref: 'lab/y' },
  { json: { unit: 'kg', v: 1, value: 'not this' } },
  { json: [{ a: { v: 1, value: null } }, null] },
];

test('the value of a claim is cut out whole, with its unit', () => {
  const others: readonly Partial<AssertionContent>[] = [
    {},
    { unit: 'm/s' },
    { metadata: { v: '1', value: '2', unit: 'no', 'a"v":1,"value":': '"v":1,"value":3' } },
    { source_uri: 'https://example.org/"v":1,"value":9', salt: '"unit":"no"' },
  ];
  for (const value of values) {
    for (const more of others) {
      const { value: cut, unit } = statedValueOf(cutValue(stored(claim(value, more)).bytes));
      assert.deepEqual(cut.parsed, value);
      assert.equal(unit, more.unit);
      assert.deepEqual(Buffer.from(cut.bytes), Buffer.from(canonicalBytes(value as JsonValue)));
    }
  }
});

test('a composed text is what JSON.stringify writes', () => {
  for (const value of values) {
    const record = stored(claim(value, { unit: '°' }));
    const cut = statedValueOf(cutValue(record.bytes));
    const composed = {
      name: 'ä "quoted"',
      ...cut,
      missing: undefined,
      none: null,
      empty: {},
      list: [],
      nested: [{ value: cut.value, count: 3, share: 0.1 }, 'x', [true]],
      record,
    };
    assert.equal(jsonBytes(composed).toString(), JSON.stringify(composed));
  }
});

test('a text larger than the memory that is kept is whole, and so is the next', () => {
  const long = new StoredJson<string>(Buffer.from(JSON.stringify('x'.repeat(3_000_000))));
  const composed = [long, 'é'.repeat(100_000), { long }];
  assert.equal(jsonBytes(composed).toString(), JSON.stringify(composed));
  assert.equal(jsonBytes({ a: 1 }).toString(), '{"a":1}');
});

test('what is kept holds no more memory than it says', () => {
  const cache = new QueryCache({
    bytesMax: 1 << 20,
    generations: new Generations('0'.repeat(32) as HlcStamp),
  });
  const records = new CachedRecords(cache);
  const id = 'b'.repeat(64) as RecordId;
  const { bytes } = stored(claim('short'));
  records.keep(id, { bytes, proof: 'node', sequence: 1 });
  const kept = [jsonBytes({ short: true }), records.find(id)?.bytes];
  for (const one of kept) assert.equal(one?.buffer.byteLength, one?.length);
  assert.deepEqual(records.find(id)?.bytes, Buffer.from(bytes));
});
