/** What a view of a history sees: by stamp, by sequence, each record once. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type HlcStamp, makeStamp, type RecordId } from '@stemedb/model';
import { type RecordedContent, RecordHistory } from '../../src/trust/record_history.js';

const stampAt = (ms: number): HlcStamp => makeStamp(ms, 0, 'a'.repeat(16));

const recorded = (
  digit: string,
  ms: number,
  sequence: number,
  byNode = false,
): RecordedContent<string> => ({
  id: digit.repeat(64) as RecordId,
  stamp: stampAt(ms),
  sequence,
  byNode,
  content: 'key',
});

const historyOf = (...all: readonly RecordedContent<string>[]): RecordHistory<string, string> => {
  const history = new RecordHistory<string, string>((content) => [content, content]);
  for (const one of all) history.add(one);
  return history;
};

it('sees what is stamped by the moment and in the snapshot', () => {
  const history = historyOf(recorded('1', 10, 1), recorded('2', 20, 2), recorded('3', 5, 3));
  const seen = (ms: number, appliedSequence: number): string =>
    [...history.under('key', { asOf: stampAt(ms), appliedSequence })]
      .map(({ id }) => id.slice(0, 1))
      .join('');
  assert.deepEqual([seen(20, 3), seen(20, 2), seen(10, 3), seen(4, 3)], ['123', '12', '13', '']);
  assert.equal(history.any({ asOf: stampAt(9), appliedSequence: 2 }), false);
  assert.equal(history.any({ asOf: stampAt(9), appliedSequence: 3 }), true);
});

it('gives each record once, under its smallest stamp that is seen', () => {
  const copies = [recorded('1', 30, 1), recorded('1', 10, 3), recorded('1', 20, 2)];
  const history = historyOf(...copies);
  const [first] = copies;
  assert.ok(first !== undefined);
  const msAt = (appliedSequence: number): readonly (HlcStamp | undefined)[] => {
    const view = { asOf: stampAt(40), appliedSequence };
    return [history.get(first.id, view)?.stamp, [...history.all(view)][0]?.stamp];
  };
  assert.deepEqual(msAt(3), [stampAt(10), stampAt(10)]);
  assert.deepEqual(msAt(2), [stampAt(20), stampAt(20)]);
  assert.equal([...history.under('key', { asOf: stampAt(40), appliedSequence: 3 })].length, 1);
});

it('takes the author who proved himself where stamps are equal', () => {
  const [byNode, proved] = [recorded('1', 10, 1, true), recorded('1', 10, 2)];
  const view = { asOf: stampAt(10), appliedSequence: 2 };
  for (const history of [historyOf(byNode, proved), historyOf(proved, byNode)]) {
    assert.equal(history.get(proved.id, view)?.byNode, false);
  }
});
