/** Work is bounded: no more than 4,096 rows pass without a turn for others (spec 6). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonValue } from '@stemedb/model';
import type { Database } from '../../src/bin/database.js';
import type { Submission } from '../../src/ingest/ingest.js';
import { Pace } from '../../src/query/pace.js';
import type { Question } from '../../src/query/question.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { ask } from '../support/questions.js';
import { TestClock } from '../support/test_clock.js';

const startMs = Date.UTC(2026, 0, 1);

const claim = (path: string, predicate: string, value: JsonValue): Submission => ({
  kind: 'assertion',
  content: { concept_path: path, predicate, value, asserted_at: startMs },
});

const write = async (database: Database, claims: readonly Submission[]): Promise<void> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  for (const outcome of await database.ingest.submitAll(principal, claims)) assert.ok(outcome.ok);
};

/** Turns that others get while a question is answered. */
const turnsOf = async (target: SimulatedDatabase, question: Question): Promise<number> => {
  const { clock } = target;
  const turn = clock.turn.bind(clock);
  let turns = 0;
  clock.turn = () => {
    turns += 1;
    return turn();
  };
  await ask(target.database, question);
  clock.turn = turn;
  return turns;
};

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, at) => at);

test('rows are counted, and a turn is given after 4,096 of them', async () => {
  let turns = 0;
  const clock = new TestClock(startMs);
  clock.turn = async () => {
    turns += 1;
  };
  const pace = new Pace(clock, 60_000, undefined);
  for (const _ of numbers(4095)) await pace.spend(1);
  assert.equal(turns, 0);
  await pace.spend(1);
  assert.equal(turns, 1);
  await pace.spend(4095);
  assert.equal(turns, 1);
  await pace.spend(2);
  assert.equal(turns, 2);
});

test('small pairs give way by the rows that they have together', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const claims = numbers(20).flatMap((pair) =>
    numbers(500).map((value) => claim(`lab/${pair}`, 'p', value)),
  );
  await write(target.database, claims);
  const scope = { type: 'prefix', prefix: 'lab' } as const;
  const turns = await turnsOf(target, { scope, lens: 'recency', limit: 1000 });
  // Each row is read, weighed and looked at by the lens.
  assert.ok(turns >= (3 * claims.length) / 4096 - 1, `${turns} turns`);
  await target.database.close();
});

test('pairs of other predicates are passed over with turns', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  await write(
    target.database,
    numbers(3000).map((at) => claim(`lab/${at}`, 'other', true)),
  );
  const scope = { type: 'prefix', prefix: 'lab' } as const;
  const question = { scope, predicate: 'wanted', lens: 'recency', limit: 10 } as const;
  assert.ok((await turnsOf(target, question)) >= 3000 / 256 - 1);
  await target.database.close();
});

test('pairs that are joined to many concepts count each concept that is looked up', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const paths = numbers(60).map((at) => `lab/${at}`);
  await write(
    target.database,
    paths.map((path) => claim(path, 'p', true)),
  );
  await write(
    target.database,
    paths.map((b) => ({ kind: 'alias', content: { a: 'hub', b, asserted_at: startMs } })),
  );
  const scope = { type: 'prefix', prefix: 'lab' } as const;
  const turns = await turnsOf(target, { scope, lens: 'recency', limit: 1000 });
  // 60 pairs of 61 concepts each, 16 rows for each concept, beside the claims themselves.
  assert.ok(turns >= (60 * 61 * 16) / 4096 - 1, `${turns} turns`);
  await target.database.close();
});
