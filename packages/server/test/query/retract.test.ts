/** A retraction with a position, against dependants that are on their way when it is checked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, Outcome, RecordId } from '@stemedb/model';
import type { Accepted } from '../../src/ingest/ingest.js';
import { parsePosition } from '../../src/log/position.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';
import { claim, principalOf, startMs, write } from './asking.js';

const reason = { reason: 'it was made up' };

const registered = async (target: SimulatedDatabase): Promise<RecordId> => {
  const content = { title: 's', uri: 'https://a.example/' };
  const [id] = await write(target, { kind: 'source', content });
  assert.ok(id !== undefined);
  return id;
};

const positionOf = async (target: SimulatedDatabase, source: RecordId): Promise<string> => {
  const asked = { source, lens: 'recency', limit: 10 };
  const answer = await target.database.impacts.impact(principalOf(target), asked);
  assert.ok(answer.ok);
  return answer.value.position;
};

const retract = (
  target: SimulatedDatabase,
  source: RecordId,
  ifPosition: string,
): Promise<Outcome<Accepted>> =>
  target.database.impacts.retract(principalOf(target), { source, content: reason, ifPosition });

const state = (
  target: SimulatedDatabase,
  value: string,
  more: JsonObject,
): Promise<Outcome<Accepted>> =>
  target.database.ingest.submit(principalOf(target), claim(value, more));

const idOf = async (accepted: Promise<Outcome<Accepted>>): Promise<RecordId> => {
  const outcome = await accepted;
  assert.ok(outcome.ok);
  return outcome.value.id;
};

/** Fails unless it was refused because of this dependant. */
const refusedBy = async (
  retraction: Promise<Outcome<Accepted>>,
  dependant: RecordId,
): Promise<void> => {
  const outcome = await retraction;
  assert.ok(!outcome.ok);
  assert.equal(outcome.error.code, 'conflict');
  assert.match(outcome.error.detail, new RegExp(dependant));
};

test('a dependant that waits to be written stands in the way', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const source = await registered(target);
  const position = await positionOf(target, source);
  const late = state(target, 'late', { source });
  await refusedBy(retract(target, source, position), await idOf(late));
  await target.database.close();
});

test('a dependant that is taken while it is checked stands in the way', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const source = await registered(target);
  const position = await positionOf(target, source);
  const retraction = retract(target, source, position);
  const late = state(target, 'late', { source });
  await refusedBy(retraction, await idOf(late));
  await target.database.close();
});

test('a dependant of one on its way stands in the way as well', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const source = await registered(target);
  const known = await idOf(state(target, 'known', { source }));
  const position = await positionOf(target, source);
  const middle = state(target, 'middle', { derived_from: [known] });
  await refusedBy(retract(target, source, position), await idOf(middle));
  const again = await positionOf(target, source);
  const repeated = state(target, 'known', { source });
  assert.ok((await retract(target, source, again)).ok, 'a claim that is known is not new');
  assert.equal(await idOf(repeated), known);
  await target.database.close();
});

test('a claim that rests on something else does not', async () => {
  const target = await simulatedDatabase({ startMs, identity: 1 });
  const [source, other] = [await registered(target), '9'.repeat(64)];
  const position = await positionOf(target, source);
  const late = state(target, 'late', { derived_from: [other] });
  assert.ok((await retract(target, source, position)).ok);
  await late;
  await target.database.close();
});

test('a source that too much rests on is retracted without a position', async () => {
  const limits = { dependantsMax: 2 };
  const target = await simulatedDatabase({ startMs, identity: 1, queryLimits: limits });
  const source = await registered(target);
  await idOf(state(target, 'one', { source }));
  await idOf(state(target, 'two', { source }));
  const position = await positionOf(target, source);
  await idOf(state(target, 'three', { source }));
  const { impacts } = target.database;
  const asked = { source, lens: 'recency', limit: 10 };
  const impact = await impacts.impact(principalOf(target), asked);
  for (const refused of [impact, await retract(target, source, position)]) {
    assert.ok(!refused.ok);
    assert.equal(refused.error.code, 'too_many_dependants');
    assert.match(refused.error.detail, /More than 2 records .*without if_position/);
  }
  const request = { source, content: reason };
  assert.ok((await impacts.retract(principalOf(target), request)).ok);
  await target.database.close();
});

/** Claims on the source, stated one after the other with pauses of some turns between them. */
const stateSome = async (
  target: SimulatedDatabase,
  random: Seeded,
  source: RecordId,
): Promise<readonly Outcome<Accepted>[]> => {
  const stated: Promise<Outcome<Accepted>>[] = [];
  for (let at = 0; at < 4; at += 1) {
    for (let turns = random.below(4); turns > 0; turns -= 1) await target.clock.turn();
    for (let ticks = random.below(12); ticks > 0; ticks -= 1) await Promise.resolve();
    stated.push(state(target, `${at}`, { source }));
  }
  return Promise.all(stated);
};

for (const seed of seedsOf(countOf(40, 2000))) {
  test(`no dependant slips in before a retraction, seed ${seed}`, async () => {
    const random = seeded(seed);
    const target = await simulatedDatabase({ startMs, identity: 1 });
    const source = await registered(target);
    const seen = await state(target, 'seen', { source });
    const position = await positionOf(target, source);
    const stated = stateSome(target, random, source);
    for (let ticks = random.below(30); ticks > 0; ticks -= 1) await Promise.resolve();
    const retraction = await retract(target, source, position);
    assert.ok(seen.ok);
    const after = parsePosition(position)?.sequence ?? 0;
    assert.ok(seen.value.sequence <= after);
    const added = (await stated).map((outcome) => (outcome.ok ? outcome.value.sequence : 0));
    if (retraction.ok) {
      const between = added.filter((at) => at > after && at < retraction.value.sequence);
      assert.deepEqual(between, [], 'written between the impact and the retraction');
    } else assert.equal(retraction.error.code, 'conflict');
    await target.database.close();
  });
}
