/** What questions hold together is bounded: wide ones wait for each other, narrow ones do not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Answer, Outcome } from '@stemedb/model';
import type { QueryLimits } from '../../src/query/query_service.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { claim, principalOf, question, startMs } from './asking.js';

const database = (limits: Partial<QueryLimits>): Promise<SimulatedDatabase> =>
  // Without a cache each question gathers its own rows.
  simulatedDatabase({ startMs, identity: 1, cacheBytesMax: 0, queryLimits: limits });

const writeRows = async (target: SimulatedDatabase, predicate: string, rows: number) => {
  for (let from = 0; from < rows; from += 1000) {
    const length = Math.min(1000, rows - from);
    const claims = Array.from({ length }, (_, at) => claim(from + at, { predicate }));
    const outcomes = await target.database.ingest.submitAll(principalOf(target), claims);
    assert.ok(outcomes.every(({ ok }) => ok));
  }
};

/** Asks for one pair; notes its name, and an error, when it is answered. */
const ask = async (
  target: SimulatedDatabase,
  predicate: string,
  ended: string[],
): Promise<Outcome<Answer>> => {
  const outcome = await target.database.query.ask(principalOf(target), question({ predicate }));
  ended.push(outcome.ok ? predicate : `${predicate}: ${outcome.error.code}`);
  return outcome;
};

test('wide questions are answered one after the other, and narrow ones beside them', async () => {
  const target = await database({ rowsHeldMax: 8000, questionsWaitingMax: 2 });
  await writeRows(target, 'wide', 9000);
  await writeRows(target, 'narrow', 1500);
  const ended: string[] = [];
  const predicates = ['wide', 'wide', 'wide', 'wide', 'narrow', 'narrow', 'narrow'];
  await Promise.all(predicates.map((predicate) => ask(target, predicate, ended)));
  const [refused, ...others] = ended;
  assert.equal(refused, 'wide: overloaded');
  assert.deepEqual(others, ['narrow', 'narrow', 'narrow', 'wide', 'wide', 'wide']);
  await target.database.close();
});

test('a wide question that is refused in line says so, and later ones are answered', async () => {
  const target = await database({ rowsHeldMax: 8000, queryTimeoutMs: 1000 });
  await writeRows(target, 'wide', 9000);
  const { clock } = target;
  const ending: (() => void)[] = [];
  clock.after = (_delayMs, run) => {
    ending.push(run);
    return () => undefined;
  };
  const ended: string[] = [];
  const all = ['wide', 'wide'].map((predicate) => ask(target, predicate, ended));
  while (ending.length === 0) await new Promise((resolve) => setImmediate(resolve));
  for (const end of ending) end();
  await Promise.all(all);
  assert.deepEqual(ended, ['wide: overloaded', 'wide']);
  assert.ok((await ask(target, 'wide', ended)).ok);
  await target.database.close();
});

test('a page ends with the result that makes it large, and none is lost', async () => {
  const target = await database({ pageBytesMax: 100_000 });
  const names = Array.from({ length: 40 }, (_, at) => `p${String(at).padStart(2, '0')}`);
  for (const predicate of names) {
    const outcome = await target.database.ingest.submit(
      principalOf(target),
      claim('x'.repeat(10_000), { predicate }),
    );
    assert.ok(outcome.ok);
  }
  const found: string[] = [];
  let pages = 0;
  for (let cursor: string | undefined; ; pages += 1) {
    const asked = question(cursor === undefined ? {} : { cursor });
    const page = await target.database.query.ask(principalOf(target), asked);
    assert.ok(page.ok);
    const { results, next_cursor } = page.value;
    assert.ok(results.length > 0 && results.length < 10, `${results.length} results`);
    found.push(...results.map(({ predicate }) => predicate));
    if (next_cursor === undefined) break;
    cursor = next_cursor;
  }
  assert.deepEqual(found, names);
  assert.ok(pages > 4, `${pages} pages`);
  await target.database.close();
});

test('large pages wait for each other', async () => {
  const limits = { pageBytesMax: 1024 ** 2, draftsBytesMax: 1024 ** 2, questionsWaitingMax: 2 };
  const target = await database(limits);
  for (let at = 0; at < 30; at += 1) {
    const large = claim('x'.repeat(10_000), { predicate: `p${at}` });
    assert.ok((await target.database.ingest.submit(principalOf(target), large)).ok);
  }
  // A turn after the room was taken, so that the others come meanwhile.
  await writeRows(target, 'zz', 9000);
  const { query } = target.database;
  const asked = Array.from({ length: 4 }, () => query.ask(principalOf(target), question()));
  const codes = (await Promise.all(asked)).map((each) => (each.ok ? 'answered' : each.error.code));
  assert.deepEqual(codes.toSorted(), ['answered', 'answered', 'answered', 'overloaded']);
  await target.database.close();
});
