/** Votes from the log to the answer: which are read, whose they are, and what takes one away. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RecordId } from '@stemedb/model';
import { mergeAll, simulatedDatabase } from '../support/databases.js';
import { alice, bob, carol, type Story, type When } from '../support/story.js';
import {
  answered,
  explained,
  principalOf,
  question,
  result,
  serviceOver,
  startMs,
} from './asking.js';
import { labX, newStory, told } from './telling.js';

const byVotes = { ...labX, lens: 'votes' };

const vote = (
  story: Story,
  voter: typeof alice,
  target: RecordId,
  weight = 1,
  when?: When,
): RecordId => story.record('vote', voter, { target, weight }, when);

const scoresOf = async (target: Awaited<ReturnType<typeof told>>, more: object = {}) => {
  const explain = (await result(target, { ...byVotes, explain: true, ...more }))?.explain as {
    readonly values: readonly { readonly value: unknown; readonly score: number }[];
  };
  return new Map(explain.values.map(({ value, score }) => [value, score]));
};

describe('a voter', () => {
  it('voting on 1,000 claims of one value counts once', async () => {
    const story = newStory();
    const many = Array.from({ length: 1000 }, (_, at) =>
      story.claim(alice, { value: 'x', salt: at.toString(16).padStart(32, '0') }),
    );
    const other = story.claim(bob, { value: 'y' });
    for (const id of many) vote(story, carol, id);
    for (const voter of [alice, bob]) vote(story, voter, other);
    const target = await told(story);
    const found = await result(target, byVotes);
    assert.deepEqual([found?.value, found?.candidates_count], ['y', 1001]);
    assert.deepEqual(
      [...(await scoresOf(target))],
      [
        ['y', 2],
        ['x', 1],
      ],
    );
    await target.database.close();
  });

  it('has the last word by effective time, whatever arrived last', async () => {
    const story = newStory();
    const [x, y] = [story.claim(alice, { value: 'x' }), story.claim(bob, { value: 'y' })];
    vote(story, bob, y, 0.5);
    vote(story, carol, x, -1, { atMs: 100 });
    vote(story, carol, x, 1, { atMs: 101, assertedMs: 50 });
    const target = await told(story);
    assert.deepEqual(
      [...(await scoresOf(target))],
      [
        ['y', 0.5],
        ['x', -1],
      ],
    );
    await target.database.close();
  });

  it('withdraws with a weight of 0', async () => {
    const story = newStory();
    const [x, y] = [story.claim(alice, { value: 'x' }), story.claim(bob, { value: 'y' })];
    vote(story, bob, y, 0.5);
    vote(story, carol, x, 1);
    const before = story.now;
    vote(story, carol, x, 0);
    const target = await told(story);
    assert.equal((await result(target, byVotes))?.value, 'y');
    assert.equal((await scoresOf(target)).get('x'), 0);
    assert.equal((await result(target, { ...byVotes, asOf: before }))?.value, 'x');
    await target.database.close();
  });
});

describe('a vote', () => {
  it('that was retracted is as if not there', async () => {
    const story = newStory();
    const [x, y] = [story.claim(alice, { value: 'x' }), story.claim(bob, { value: 'y' })];
    vote(story, bob, y, 0.5);
    const first = vote(story, carol, x, 0.25);
    const second = vote(story, carol, x, 1);
    story.retract(carol, second);
    const target = await told(story);
    assert.deepEqual(
      [(await scoresOf(target)).get('x'), (await result(target, byVotes))?.value],
      [0.25, 'y'],
    );
    const explain = await explained(target, byVotes);
    const shown = explain.candidates.find(({ assertion }) => assertion === x);
    assert.deepEqual(
      shown?.votes?.map(({ vote: id, agent_id, weight }) => [id, agent_id, weight]),
      [[first, carol, 0.25]],
    );
    await target.database.close();
  });

  it('on a claim counts for the one that approves it', async () => {
    const story = newStory();
    const first = story.claim(alice, { value: 'x' });
    vote(story, carol, first, 0.75);
    const head = story.claim(alice, { value: 'x', parent: first, lifecycle: 'under_review' });
    vote(story, bob, head, 0.5);
    const target = await told(story);
    const found = await result(target, byVotes);
    assert.deepEqual([found?.assertion?.id, found?.candidates_count], [head, 1]);
    assert.equal((await scoresOf(target)).get('x'), 1.25);
    // Brought back beside its head, the first claim does not bring the votes twice.
    assert.equal((await scoresOf(target, { includeSuperseded: true })).get('x'), 1.25);
    await target.database.close();
  });

  it('that nobody cast is said to be missing', async () => {
    const story = newStory();
    story.claim(alice, { value: 'x' });
    const target = await told(story);
    const found = await result(target, byVotes);
    assert.deepEqual([found?.value, found?.notes?.length], ['x', 1]);
    await target.database.close();
  });
});

describe('votes', () => {
  it('are read for a lens that counts them, and for no other', async () => {
    const story = newStory();
    const claims = [1, 2, 3].map((value) => story.claim(alice, { value }));
    for (const id of claims) vote(story, bob, id);
    const target = await told(story);
    const relations: string[] = [];
    const { store } = target.database;
    const watched = new Proxy(store, {
      get: (own, name) => {
        const member: unknown = Reflect.get(own, name, own);
        if (name !== 'snapshot') return typeof member === 'function' ? member.bind(own) : member;
        return () => {
          const snapshot = own.snapshot();
          const dependants = snapshot.dependants.bind(snapshot);
          snapshot.dependants = (id, relation) => {
            relations.push(relation);
            return dependants(id, relation);
          };
          return snapshot;
        };
      },
    });
    const { query } = serviceOver(target, { store: watched });
    const principal = { type: 'node', agentId: target.database.agentId } as const;
    const readUnder = async (lens: string) => {
      relations.length = 0;
      const answer = await query.ask(principal, { ...labX, lens, limit: 10, asOf: startMs + 2000 });
      assert.ok(answer.ok && answer.value.results.length === 1);
      return relations.filter((relation) => relation === 'vote').length;
    };
    assert.equal(await readUnder('votes'), claims.length);
    for (const lens of ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic']) {
      assert.equal(await readUnder(lens), 0, lens);
    }
    await target.database.close();
  });
});

describe('of many votes', () => {
  it('the last of each voter is explained, however often they voted', async () => {
    const story = newStory();
    const x = story.claim(alice, { value: 'x' });
    const votes = Array.from({ length: 30 }, (_, at) => vote(story, carol, x, at / 100));
    const own = vote(story, bob, x, 0.5);
    const target = await told(story);
    const [shown] = (await explained(target, byVotes)).candidates;
    assert.equal(shown?.votes_count, 2);
    assert.deepEqual(new Set(shown.votes?.map((each) => each.vote)), new Set([votes[29], own]));
    await target.database.close();
  });

  it('the earliest recorded are read, on every node alike, and the rest are counted', async () => {
    const story = newStory();
    const [x, y] = [story.claim(alice, { value: 'x' }), story.claim(bob, { value: 'y' })];
    for (let at = 0; at < 5; at += 1) vote(story, carol, x, 0.1 + at / 10);
    for (const voter of [alice, bob]) vote(story, voter, y, -1);
    const order = [...story.records];
    const scores: unknown[] = [];
    for (const records of [order, order.toReversed()]) {
      const target = await simulatedDatabase({ startMs, identity: 1 });
      target.clock.advance(600_000);
      await mergeAll(target, records);
      const { query } = serviceOver(target, { limits: { votesMax: 3 } });
      const answer = await answered(
        query.ask(principalOf(target), { ...question(byVotes), explain: true }),
      );
      const [found] = answer.results;
      assert.deepEqual([found?.value, found?.truncated], ['x', 4]);
      const { values } = (found?.explain ?? {}) as {
        readonly values?: readonly { readonly score: number }[];
      };
      scores.push(values?.map(({ score }) => score));
      const { truncated } = (await result(target, byVotes)) ?? {};
      assert.equal(truncated, undefined);
      await target.database.close();
    }
    assert.deepEqual(scores, [
      [0.3, 0],
      [0.3, 0],
    ]);
  });
});
