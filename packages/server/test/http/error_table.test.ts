/** `docs/errors.md` and the page `/errors` explain exactly the codes of the error table. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorTable } from '@stemedb/model';
import { withService } from './service.js';

const page = readFileSync(new URL('../../../../../docs/errors.md', import.meta.url), 'utf8');

test('docs/errors.md has every code, with its status, its sentence and advice', () => {
  const sections = page.split(/^### /m).slice(1);
  const facts = sections.map((section) => section.split('\n\n').slice(0, 2));
  const expected = Object.entries(errorTable).map(([code, { status, title, retryable }]) => [
    code,
    `${status}${retryable ? ', retryable' : ''}. ${title}`,
  ]);
  assert.deepEqual(facts, expected);
  for (const section of sections) {
    const advice = section.split('\n\n')[2]?.trim() ?? '';
    assert.match(advice, /\w.*\.$/s, `what to do about ${section.split('\n')[0]}`);
  }
});

test(
  'the type of a problem leads to its explanation on the server itself',
  withService(async (service) => {
    const explained = await service.get('/errors');
    assert.equal(explained.status, 200);
    assert.match(explained.headers.get('content-type') ?? '', /^text\/html/);
    for (const code of Object.keys(errorTable))
      assert.match(explained.text, RegExp(`id="${code}"`));
    assert.doesNotMatch(explained.text, /https?:/);
    const problem = await service.get('/nowhere');
    assert.equal(problem.body.type, '/errors#not_found');
  }),
);
