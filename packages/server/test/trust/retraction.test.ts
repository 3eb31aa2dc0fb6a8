/** Retraction in a whole database: order of arrival, questions, and the gate of the public API. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answer, type JsonObject, parseRecordId, type RecordId } from '@stemedb/model';
import { mergeAll, type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { ask } from '../support/questions.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';
import { alice, bob, carol, Story } from '../support/story.js';
import { taintOf } from '../support/taints.js';

const startMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;

const present = (identity = 1): Promise<SimulatedDatabase> =>
  simulatedDatabase({ startMs: startMs + dayMs, identity });

const asked = ({ database }: SimulatedDatabase, asOf?: string): Promise<Answer> => {
  const scope = { type: 'concept', conceptPath: 'lab/x' } as const;
  return ask(database, { scope, lens: 'consensus', limit: 10, explain: true }, asOf);
};

const randomStory = (random: Seeded): { readonly story: Story; readonly ids: RecordId[] } => {
  const story = new Story(startMs);
  const ids = [story.source(alice), story.claim(bob)];
  const agents = [alice, bob, carol];
  for (let at = 0; at < 30; at += 1) {
    const [one, other] = [random.pick(ids), random.pick(ids)];
    const author = random.pick(agents);
    // Several fall into one millisecond, and some are back-dated.
    const when = { atMs: 100 + Math.floor(at / 3), assertedMs: 90 + random.below(30) };
    const step = random.pick(['claim', 'claim', 'retract', 'restore', 'replace']);
    if (step === 'claim') ids.push(story.claim(author, { derived_from: [one] }));
    if (step === 'retract') story.retract(author, one, when);
    if (step === 'restore') story.restore(author, one, when);
    if (step === 'replace' && one !== other) story.replace(author, one, other, when);
  }
  return { story, ids };
};

for (const seed of seedsOf(countOf(20, 2000))) {
  test(`supersessions in any order of arrival taint alike, seed ${seed}`, async () => {
    const random = seeded(seed);
    const { story, ids } = randomStory(random);
    const stamps = story.records.map((record) => record.stamp);
    const said: string[] = [];
    for (const records of [story.records, random.shuffled(story.records)]) {
      const target = await present();
      const half = random.below(records.length);
      await mergeAll(target, records.slice(0, half));
      await mergeAll(target, records.slice(half));
      const taint = taintOf(target);
      const found = [];
      for (const stamp of stamps) {
        const together = await taint.tainted(ids, stamp);
        found.push([...together]);
        // What is said of an id does not depend on the other ids of the call.
        const one = random.pick(ids);
        assert.deepEqual((await taint.tainted([one], stamp)).get(one), together.get(one));
      }
      said.push(JSON.stringify(found));
      await target.database.close();
    }
    assert.equal(said[0], said[1]);
  });
}

test('a question leaves out what is retracted and says why; before it all is seen', async () => {
  const target = await present();
  const story = new Story(startMs);
  const source = story.source(alice);
  const cited = story.claim(bob, { source });
  const sound = story.claim(carol);
  await mergeAll(target, story.records);
  const before = await asked(target);
  assert.equal(before.results[0]?.candidates_count, 2);
  const written = story.records.length;
  story.retract(bob, source);
  const strangers = await target.database.ingest.merge(story.records.slice(written));
  assert.ok(strangers.ok && strangers.value.created === 1);
  assert.equal((await asked(target)).results[0]?.candidates_count, 2);
  story.retract(alice, source);
  await mergeAll(target, story.records);
  const [result] = (await asked(target, String(story.now))).results;
  assert.equal(result?.candidates_count, 1);
  assert.equal(result?.assertion?.id, sound);
  const explained = result?.explain as { readonly left_out: unknown };
  const reason = `it rests on ${source}, which is retracted or rests on what is`;
  assert.deepEqual(explained.left_out, [{ assertion: cited, reason }]);
  const earlier = story.records[written - 1]?.stamp;
  assert.equal((await asked(target, earlier)).results[0]?.candidates_count, 2);
  const principal = { type: 'node', agentId: target.database.agentId } as const;
  const record = await target.database.query.record(principal, cited);
  assert.ok(record.ok);
  assert.equal(record.value.warnings?.[0]?.code, 'retracted');
  await target.database.close();
});

test('the public API refuses a supersession that would have no effect', async () => {
  const target = await present();
  const { database } = target;
  const story = new Story(startMs);
  const ofAlice = story.claim(alice);
  await mergeAll(target, story.records);
  const principal = { type: 'node', agentId: database.agentId } as const;
  const submitted = (kind: 'assertion' | 'supersession', content: JsonObject) =>
    database.ingest.submit(principal, { kind, content });
  const retraction = { action: 'retract', reason: 'wrong' };
  const refused = await submitted('supersession', { ...retraction, target: ofAlice });
  assert.ok(!refused.ok);
  assert.equal(refused.error.code, 'forbidden');
  assert.match(refused.error.detail, /governance "owner"/);
  const own = await submitted('assertion', { concept_path: 'lab/x', predicate: 'p', value: 1 });
  assert.ok(own.ok);
  const accepted = await submitted('supersession', { ...retraction, target: own.value.id });
  assert.ok(accepted.ok);
  const id = parseRecordId(own.value.id);
  assert.ok(id !== undefined);
  const found = await taintOf(target).tainted([id], database.store.visibleStamp);
  assert.equal(found.get(id)?.why, 'retract');
  await database.close();
});
