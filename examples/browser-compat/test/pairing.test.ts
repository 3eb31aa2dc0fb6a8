/** Two streams side by side, and the moment before a record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HlcStamp, parseStamp } from '@stemedb/model';
import { pairResults } from '../src/pairing.js';
import type { DemoResult } from '../src/ports.js';
import { justBefore } from '../src/stamps.js';

async function* results(text: string): AsyncGenerator<DemoResult, void> {
  for (const path of text.split(' ').filter((each) => each !== '')) {
    yield { concept_path: path, conflict_score: 0, entropy_bits: 0, candidates_count: 1 };
  }
}

async function paired(before: string, after: string): Promise<readonly string[]> {
  const pairs: string[] = [];
  for await (const pair of pairResults(results(before), results(after))) {
    const sides = [pair.before, pair.after].map((side) => (side === undefined ? '-' : '+'));
    pairs.push(`${pair.path}${sides.join('')}`);
  }
  return pairs;
}

test('results of one pair come together, others alone, in the order of their paths', async () => {
  assert.deepEqual(await paired('a b d', 'b c d e'), ['a+-', 'b++', 'c-+', 'd++', 'e-+']);
  assert.deepEqual(await paired('', 'a'), ['a-+']);
  assert.deepEqual(await paired('a b', ''), ['a+-', 'b+-']);
  assert.deepEqual(await paired('', ''), []);
});

const stamp = (digits: string): HlcStamp => {
  const parsed = parseStamp(digits.padStart(32, '0'));
  assert.ok(parsed !== undefined);
  return parsed;
};

test('just before a stamp is the stamp that is smaller by one', () => {
  assert.equal(justBefore(stamp('10')), stamp('f'));
  assert.equal(justBefore(stamp(`1${'0'.repeat(16)}`)), stamp('f'.repeat(16)));
  assert.throws(() => justBefore(stamp('0')), RangeError);
});
