/** What a record touches, and that reading and touching agree on the counters of things. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type HlcStamp,
  kindNumber,
  makeStamp,
  type RecordContent,
  type RecordId,
  zeroStamp,
} from '@stemedb/model';
import {
  type Counter,
  counterOfConcept,
  counterOfId,
  counterOfPair,
  counterOfPrefix,
  Generations,
} from '../../src/query/generations.js';
import type { ApplicableRecord } from '../../src/store/store.js';

const idOf = (digit: string): RecordId => digit.repeat(64) as RecordId;
const author = { v: 1, agent_id: 'a'.repeat(64), asserted_at: 0 };
const stampAt = (ms: number): HlcStamp => makeStamp(ms, 0, '00000000000000aa');

const recordOf = (
  sequence: number,
  id: RecordId,
  fields: { readonly kind: RecordContent['kind']; readonly [name: string]: unknown },
  stamp: HlcStamp = stampAt(sequence),
): ApplicableRecord => ({
  sequence,
  id,
  stamp,
  kind: kindNumber[fields.kind],
  shard: 0,
  proof: 'signature',
  bytes: new Uint8Array(),
  offset: 0,
  content: { ...author, ...fields } as unknown as RecordContent,
});

const claim = (sequence: number, more: object = {}): ApplicableRecord =>
  recordOf(sequence, idOf('1'), {
    kind: 'assertion',
    concept_path: 'fda://drug/x',
    predicate: 'dose',
    value: 1,
    ...more,
  });

const generations = (...records: readonly ApplicableRecord[]): Generations => {
  const made = new Generations(zeroStamp);
  made.note(records);
  return made;
};

const touched = (made: Generations, ...counters: readonly Counter[]): number =>
  made.lastTouched(counters);

test('a claim touches itself, its pair, its concept and what lies above', () => {
  const made = generations(claim(7));
  const pair = { conceptPath: 'fda://drug/x', predicate: 'dose' };
  assert.equal(touched(made, counterOfPair(pair)), 7);
  assert.equal(touched(made, counterOfConcept('fda://drug/x')), 7);
  assert.equal(touched(made, counterOfId(idOf('1'))), 7);
  for (const prefix of ['fda:', 'fda://', 'fda://drug', 'fda://drug/', 'fda://drug/x']) {
    assert.equal(touched(made, counterOfPrefix(prefix)), 7, prefix);
  }
});

test('a claim touches no other pair, concept or prefix', () => {
  const made = generations(claim(7));
  const others = [
    counterOfPair({ conceptPath: 'fda://drug/x', predicate: 'form' }),
    counterOfPair({ conceptPath: 'fda://drug', predicate: 'dose' }),
    counterOfConcept('fda://drug'),
    counterOfPrefix('fda://drug/x/y'),
    counterOfPrefix('fda://dru'),
    counterOfId(idOf('2')),
  ];
  assert.equal(touched(made, ...others), 0);
});

test('a record touches what it names', () => {
  const named = { source: idOf('2'), parent: idOf('3'), epoch: idOf('4') };
  const made = generations(
    claim(1, { ...named, derived_from: [idOf('5')] }),
    recordOf(2, idOf('6'), { kind: 'attestation', target: idOf('7'), signature: '' }),
    recordOf(3, idOf('8'), { kind: 'vote', target: idOf('9'), weight: 1 }),
  );
  for (const digit of '2345') assert.equal(touched(made, counterOfId(idOf(digit))), 1, digit);
  for (const digit of '67') assert.equal(touched(made, counterOfId(idOf(digit))), 2, digit);
  for (const digit of '89') assert.equal(touched(made, counterOfId(idOf(digit))), 3, digit);
  assert.equal(touched(made, counterOfId(idOf('f'))), 0);
});

test('what governs or judges touches everything', () => {
  const target = { target: idOf('2') };
  const kinds = [
    { kind: 'source', title: 't' },
    { kind: 'epoch', name: 'e' },
    { kind: 'supersession', ...target, action: 'retract', reason: 'r' },
    { kind: 'alias', a: 'a', b: 'b' },
    { kind: 'verdict', ...target, outcome: 'accurate' },
    { kind: 'policy' },
  ] as const;
  for (const fields of kinds) {
    assert.equal(touched(generations(recordOf(5, idOf('1'), fields))), 5, fields.kind);
  }
  assert.equal(touched(generations(claim(5))), 0);
});

test('a record with an older stamp than one already seen touches everything', () => {
  const made = generations(claim(1), claim(2));
  assert.equal(touched(made), 0);
  made.note([recordOf(3, idOf('2'), { kind: 'vote', target: idOf('9'), weight: 1 }, stampAt(1))]);
  assert.equal(touched(made), 3);
});

test('stamps that were there at the start count as seen', () => {
  const made = new Generations(stampAt(10));
  made.note([claim(9)]);
  assert.equal(touched(made), 9);
});

test('a record of an unknown kind touches its id', () => {
  const made = generations({ ...claim(4), content: undefined });
  assert.equal(touched(made, counterOfId(idOf('1'))), 4);
  assert.equal(touched(made, counterOfConcept('fda://drug/x')), 0);
  assert.equal(made.lastNoted, 4);
});
