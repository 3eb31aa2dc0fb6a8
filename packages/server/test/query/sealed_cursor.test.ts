/** The state in a cursor is parsed, not believed: an older release may have sealed another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, makeStamp } from '@stemedb/model';
import { bindingOf, openCursor, pairOfState, sealCursor } from '../../src/query/sealed_cursor.js';
import { startMs } from './asking.js';

test('a sealed state of another shape is not a cursor of ours', () => {
  const key = new Uint8Array(32);
  const binding = bindingOf('asked');
  const s = makeStamp(startMs, 0, '0'.repeat(16));
  const read = (state: JsonObject) =>
    openCursor(key, binding, { cursor: sealCursor(key, binding, state, 0) }, 0, pairOfState);
  const good = { a: ['a/b', 'p'], m: startMs, s };
  assert.deepEqual(read(good), {
    ok: true,
    value: {
      moment: { stamp: s, ms: startMs },
      place: { conceptPath: 'a/b', predicate: 'p' },
    },
  });
  for (const wrong of [{ a: 'a/b' }, { a: ['a/b'] }, { m: '0' }, { s: 7 }, { s: 'x' }]) {
    const opened = read({ ...good, ...wrong });
    assert.equal(opened.ok ? 'opened' : opened.error.code, 'invalid_cursor', JSON.stringify(wrong));
  }
});
