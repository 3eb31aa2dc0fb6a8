import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineMap } from '../../src/cli/line_map.js';

test('finds the line of each record, whatever was skipped', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1 }), (steps) => {
      const map = new LineMap();
      let line = 0;
      const lines = steps.map((step) => {
        line += step;
        map.add(line);
        return line;
      });
      for (const [index, expected] of lines.entries()) {
        assert.equal(map.lineOf(index + 1), expected);
      }
    }),
  );
});
