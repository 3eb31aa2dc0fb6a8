/** The history checker finds a fault of a real server, planted by the loader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentOf } from '../properties/planted/child.js';
import { liveChapter } from './chapter.js';

/** Chapters until the fault must have been found. */
const chaptersMax = 3;

const fault = {
  file: 'bin/node_timeline.js',
  from: 'return this.#store.visibleStamp;',
  to:
    'const now = this.#store.visibleStamp; const was = this.lagging ?? now;' +
    ' if (Math.random() < 0.1) this.lagging = now; return was;',
};

test('a question that lags behind what is visible is found', async (t) => {
  const violations: string[] = [];
  let chapters = 0;
  while (chapters < chaptersMax && violations.length === 0) {
    chapters += 1;
    // What a session meets on its way ends the chapter; the rest is found by the checker.
    const met = (error: Error): readonly string[] => [error.message];
    const living = liveChapter(chapters, 0, environmentOf(fault));
    violations.push(...(await living.then((report) => report.violations, met)));
  }
  t.diagnostic(`${chapters} chapters: ${violations[0]}`);
  assert.match(
    violations.join('\n'),
    /after a write at|after an answer as of|acknowledged .* reads/,
  );
});
