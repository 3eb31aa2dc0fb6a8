/** Pages: each pair once, in order, in the moment of the first; cursors that are not ours. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Answer } from '@stemedb/model';
import type { Principal } from '../../src/ingest/principal.js';
import type { Question } from '../../src/query/question.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { answered, asked, bob, claim, dayMs, question, refused, startMs, write } from './asking.js';

const prefix: Partial<Question> = { scope: { type: 'prefix', prefix: 'lab' } };

/** Bytewise the first of the last two comes first; by UTF-16 units it would come second. */
const names = ['', '/a', '/a/b', '/ab', '/b', '/z', '/é', '/｡', '/😀'];
const predicates = ['p', 'q', 'é'];

const fill = async (target: SimulatedDatabase): Promise<void> => {
  for (const name of [...names].reverse()) {
    for (const predicate of [...predicates].reverse()) {
      await write(target, claim('old', { concept_path: `lab${name}`, predicate }));
    }
  }
  await write(
    target,
    claim('x', { concept_path: 'laboratory' }),
    claim('x', { concept_path: 'la' }),
  );
};

const bytewise = (one: string, other: string): number =>
  Buffer.compare(Buffer.from(one), Buffer.from(other));

const expectedPairs = [...names]
  .map((name) => `lab${name}`)
  .sort(bytewise)
  .flatMap((path) => [...predicates].sort(bytewise).map((predicate) => `${path} ${predicate}`));

/** All pages; `between` runs after each. */
const pagesOf = async (
  target: SimulatedDatabase,
  more: Partial<Question>,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<readonly Answer[]> => {
  const pages: Answer[] = [];
  for (let cursor: string | undefined; ; ) {
    const turned = cursor === undefined ? more : { ...more, cursor };
    const page = await answered(asked(target, turned));
    pages.push(page);
    cursor = page.next_cursor;
    if (cursor === undefined) return pages;
    await between(pages.length);
  }
};

describe('pages of a prefix', () => {
  it('give each pair once, in bytewise order, whatever the size', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    for (const limit of [1, 2, 4, 26, 27, 28]) {
      const pages = await pagesOf(target, { ...prefix, limit });
      const pairs = pages.flatMap(({ results }) =>
        results.map((found) => `${found.concept_path} ${found.predicate}`),
      );
      assert.deepEqual(pairs, expectedPairs);
      assert.ok(pages.every(({ results }) => results.length <= limit));
    }
    await target.database.close();
  });

  it('keep the moment of the first while others write', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    const pages = await pagesOf(target, { ...prefix, limit: 4 }, async (page) => {
      target.clock.advance(1000);
      const at = { asserted_at: target.clock.wallMs() };
      await write(target, claim('new', { concept_path: `lab/a/${page}`, ...at }));
      for (const name of ['/a', '/z']) {
        await write(target, claim(`new ${page}`, { concept_path: `lab${name}`, ...at }));
      }
    });
    const results = pages.flatMap((page) => page.results);
    assert.deepEqual(
      results.map((found) => `${found.concept_path} ${found.predicate}`),
      expectedPairs,
    );
    assert.ok(results.every((found) => found.value === 'old'));
    assert.equal(new Set(pages.map((page) => page.as_of_stamp)).size, 1);
    await target.database.close();
  });

  it('pass over pairs that a filter empties', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    await write(target, claim('late', { concept_path: 'lab/z', predicate: 'p', confidence: 0.3 }));
    const pages = await pagesOf(target, { ...prefix, limit: 1, minConfidence: 1, predicate: 'p' });
    assert.equal(pages.flatMap((page) => page.results).length, names.length);
    assert.deepEqual(await pagesOf(target, { ...prefix, agentId: bob.agentId }).then(countOf), 0);
    await target.database.close();
  });
});

const countOf = (pages: readonly Answer[]): number => pages.flatMap((page) => page.results).length;

const firstCursor = async (target: SimulatedDatabase, more: Partial<Question>): Promise<string> => {
  const { next_cursor: cursor } = await answered(asked(target, more));
  assert.ok(cursor !== undefined);
  return cursor;
};

const first: Partial<Question> = { ...prefix, limit: 2, lens: 'confidence', minConfidence: 0.1 };

describe('a cursor belongs to', () => {
  it('its question: another is refused, another page size is not', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    const cursor = await firstCursor(target, first);
    const others: readonly Partial<Question>[] = [
      { lens: 'recency' },
      { predicate: 'p' },
      { minConfidence: 0.2 },
      { minTrust: 0.1 },
      { includeSuperseded: true },
      { aliases: 'none' },
      { onRetracted: 'warn' },
      { explain: true },
      { decay: 'class' },
      { agentId: bob.agentId },
      { sinceMs: 0 },
      { scope: { type: 'prefix', prefix: 'lab/a' } },
      { scope: { type: 'concept', conceptPath: 'lab' } },
    ];
    for (const more of others) {
      const error = await refused(asked(target, { ...first, ...more, cursor }));
      assert.equal(error.code, 'invalid_cursor', JSON.stringify(more));
    }
    const same = await answered(asked(target, { ...first, limit: 50, cursor }));
    assert.equal(same.results.length, expectedPairs.length - 2);
    await target.database.close();
  });

  it('its moment: stating another is refused, repeating it is not', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    target.clock.advance(dayMs);
    for (const asOf of [startMs, '2026-01-01T00:00:00Z']) {
      const cursor = await firstCursor(target, { ...first, asOf });
      const repeated = await answered(asked(target, { ...first, asOf, cursor }));
      const left = await answered(asked(target, { ...first, cursor }));
      assert.deepEqual(repeated.results, left.results);
      for (const other of [startMs + 1, startMs - 1, 'nonsense']) {
        const error = await refused(asked(target, { ...first, asOf: other, cursor }));
        assert.equal(error.code, 'invalid_cursor');
      }
    }
    const cursor = await firstCursor(target, first);
    const page = await answered(asked(target, first));
    for (const asOf of [page.as_of_stamp, page.as_of]) {
      await answered(asked(target, { ...first, asOf, cursor }));
    }
    await target.database.close();
  });

  it('what its caller may see', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    const cursor = await firstCursor(target, first);
    const { agentId } = target.database;
    const key: Principal = { type: 'key', keyId: 'k', role: 'reader', agentId, prefix: 'lab/a' };
    const outcome = target.database.query.ask(key, question({ ...first, cursor }));
    assert.equal((await refused(outcome)).code, 'invalid_cursor');
    await target.database.close();
  });
});

describe('a cursor', () => {
  it('that was changed, made up or given by another node is refused', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const other = await simulatedDatabase({ startMs, identity: 2 });
    await fill(target);
    await fill(other);
    const cursor = await firstCursor(target, first);
    const [body = '', mac = ''] = cursor.split('.');
    const text = Buffer.from(body, 'base64url').toString();
    const moved = Buffer.from(text.replace('"lab', '"lob')).toString('base64url');
    assert.notEqual(moved, body);
    const wrong = ['', '.', 'x', body, `${body}.`, `.${mac}`, `${moved}.${mac}`, `${cursor}.x`];
    for (const at of [0, 1, 40, body.length - 2, body.length + 1, cursor.length - 2]) {
      const turned = cursor[at] === 'A' ? 'B' : 'A';
      wrong.push(cursor.slice(0, at) + turned + cursor.slice(at + 1));
    }
    wrong.push(await firstCursor(other, first));
    for (const made of wrong) {
      const error = await refused(asked(target, { ...first, cursor: made }));
      assert.equal(error.code, 'invalid_cursor', made);
    }
    await target.database.close();
    await other.database.close();
  });

  it('is good for 24 hours', async () => {
    const target = await simulatedDatabase({ startMs, identity: 1 });
    await fill(target);
    const cursor = await firstCursor(target, first);
    target.clock.advance(dayMs);
    await answered(asked(target, { ...first, cursor }));
    target.clock.advance(1);
    assert.equal((await refused(asked(target, { ...first, cursor }))).code, 'cursor_expired');
    await target.database.close();
  });
});
