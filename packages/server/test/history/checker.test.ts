/** The checker itself: a history in order has no violation, and each planted one is found. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AgentId,
  canonicalBytes,
  type HlcStamp,
  makeStamp,
  type RecordId,
  recordIdOf,
} from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { violationsOf } from './checker.js';
import type { History, Read, Write } from './recorded.js';

const node = '0000000000000001';
const at = (ms: number): HlcStamp => makeStamp(ms, 0, node);
const agent = 'a'.repeat(64) as AgentId;

const record = (value: string, ms: number): MergeRecord => {
  const claim = { concept_path: 'a/b', predicate: 'p', value, asserted_at: 1, agent_id: agent };
  return {
    bytes: canonicalBytes({ ...claim, kind: 'assertion', v: 1 }),
    stamp: at(ms),
    proof: 'node',
  };
};

const one = record('one', 10);
const two = record('two', 20);
const idOf = ({ bytes }: MergeRecord): RecordId => recordIdOf(bytes);

const accepted = (of: MergeRecord, begun: number, ended: number): Write => ({
  session: 1,
  begun,
  id: idOf(of),
  said: { type: 'accepted', ended, status: 'created', stamp: of.stamp },
});

const read = (begun: number, ms: number, change: Partial<Read> = {}): Read => ({
  session: 1,
  begun,
  ended: begun + 1,
  question: 'concept_path=a/b',
  isMoving: false,
  isPast: false,
  asOf: at(ms),
  isFinal: true,
  results: `as of ${ms}`,
  ...change,
});

const inOrder: History = {
  writes: [accepted(one, 1, 2), accepted(two, 5, 6)],
  reads: [read(3, 10), read(7, 20), read(9, 10, { isPast: true })],
  sent: new Set([idOf(one), idOf(two)]),
};
const log = [one, two];

test('a history in order has no violation', () => {
  assert.deepEqual(violationsOf(inOrder, log), []);
});

const planted: readonly [string, Partial<History>, readonly MergeRecord[], RegExp][] = [
  ['a lost write', {}, [one], /was acknowledged and is lost/],
  ['an invented record', { sent: new Set([idOf(one)]) }, log, /nobody sent it/],
  ['another stamp', {}, [one, record('two', 21)], /was acknowledged at/],
  ['a log out of order', {}, [two, one], /not above/],
  ['a record twice', {}, [one, two, record('two', 30)], /is stored twice/],
  [
    'a refused record that is stored',
    {
      writes: [
        accepted(one, 1, 2),
        { session: 1, begun: 5, id: idOf(two), said: { type: 'refused', ended: 6, code: 'x' } },
      ],
    },
    log,
    /was refused/,
  ],
  [
    'one record created twice',
    { writes: [...inOrder.writes, accepted(two, 7, 8)] },
    log,
    /created 2 times/,
  ],
  [
    'writes against their order',
    { writes: [accepted(two, 1, 2), accepted(one, 5, 6)], reads: [] },
    log,
    /was known before it was sent/,
  ],
  [
    'a write below an answer',
    { writes: [accepted(one, 5, 6)], reads: [read(1, 15)] },
    [one],
    /was known before it was sent/,
  ],
  ['an answer before a write', { reads: [read(7, 10)] }, log, /after a write at/],
  ['an answer that goes back', { writes: [], reads: [read(1, 20), read(3, 10)] }, log, /after an/],
  [
    'an answer that changes',
    { reads: [read(7, 20), read(9, 20, { results: 'other' })] },
    log,
    /has two answers/,
  ],
  ['an answer that is not final', { reads: [read(7, 20, { isFinal: false })] }, log, /not final/],
];

for (const [name, change, records, expected] of planted) {
  test(`finds ${name}`, () => {
    const found = violationsOf({ ...inOrder, ...change }, records);
    assert.match(found.join('\n'), expected);
  });
}
