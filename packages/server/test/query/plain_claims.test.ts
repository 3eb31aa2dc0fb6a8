/** What a question costs where there are claims and nothing else: rows, and the winning record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Log } from '../../src/log/log.js';
import type { Store } from '../../src/store/store.js';
import { alice, bob } from '../support/story.js';
import { serviceOver } from './asking.js';
import { labX, newStory, told } from './telling.js';

/** What is asked of a snapshot, without what is answered from memory. */
const watched = [
  ...(['place', 'placeOfSequence', 'pairs', 'candidates', 'attestations', 'dependants'] as const),
  ...(['ofKind', 'ofAgent', 'claimCount'] as const),
];

const countingCalls = (store: Store, log: Log) => {
  const calls = new Map<string, number>();
  const count = (name: string): void => void calls.set(name, (calls.get(name) ?? 0) + 1);
  const watchedStore = new Proxy(store, {
    get: (own, name) => {
      const member: unknown = Reflect.get(own, name, own);
      if (name !== 'snapshot') return typeof member === 'function' ? member.bind(own) : member;
      return () =>
        new Proxy(own.snapshot(), {
          get: (snapshot, part) => {
            const read: unknown = Reflect.get(snapshot, part, snapshot);
            if (typeof read !== 'function') return read;
            const isWatched = watched.some((name) => name === part);
            return (...given: readonly unknown[]) => {
              if (isWatched) count(String(part));
              return read.apply(snapshot, given) as unknown;
            };
          },
        });
    },
  });
  const watchedLog = new Proxy(log, {
    get: (own, name) => {
      const member: unknown = Reflect.get(own, name, own);
      if (typeof member !== 'function') return member;
      return (...given: readonly unknown[]) => {
        if (name === 'read') count('log.read');
        return member.apply(own, given) as unknown;
      };
    },
  });
  return { calls, store: watchedStore, log: watchedLog };
};

/** One question of twenty claims: its pairs, its rows, and the claims that the result names. */
const expectedOf = (named: number, winners: number) => ({
  ...(winners === 0 ? {} : { attestations: winners }),
  candidates: 1,
  claimCount: 1,
  'log.read': named,
  pairs: 1,
  placeOfSequence: named,
});

test('a question of plain claims reads rows and what the result names, each once', async () => {
  const story = newStory();
  for (let value = 0; value < 20; value += 1) {
    story.claim(value % 2 === 0 ? alice : bob, { value, confidence: value / 20 });
  }
  const target = await told(story);
  const { calls, store, log } = countingCalls(target.database.store, target.database.log);
  const { query, snapshots } = serviceOver(target, { store, log });
  const principal = { type: 'node', agentId: target.database.agentId } as const;
  const costOf = async (lens: string, more: object = {}) => {
    calls.clear();
    const answer = await query.ask(principal, { ...labX, lens, limit: 10, ...more });
    assert.ok(answer.ok && answer.value.results[0]?.candidates_count === 20);
    return Object.fromEntries([...calls].sort(([one], [other]) => (one < other ? -1 : 1)));
  };
  for (const lens of ['recency', 'confidence', 'authority', 'layered']) {
    assert.deepEqual(await costOf(lens), expectedOf(1, 1), lens);
  }
  assert.deepEqual(await costOf('skeptic'), expectedOf(20, 0));
  for (const more of [{ minTrust: 0.1 }, { onRetracted: 'warn' }, { aliases: 'all' }]) {
    assert.deepEqual(await costOf('recency', more), expectedOf(1, 1), JSON.stringify(more));
  }
  assert.equal(snapshots.held, 0);
  await target.database.close();
});
