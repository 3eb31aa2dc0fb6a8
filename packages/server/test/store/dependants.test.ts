/** What names a record comes in few chunks, each once, also where chunks end. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RecordContent, RecordId } from '@stemedb/model';
import type { Engine, EngineSnapshot } from '../../src/store/engine.js';
import { memoryEngine, newMemoryFiles } from '../../src/store/engine_memory.js';
import { opened } from '../conformance/store.js';
import { agents, recordOf, stampOf } from './histories.js';

const target = '7f'.repeat(32) as RecordId;

/** An engine in memory whose snapshots tell of each range that is visited. */
const telling = (visited: () => void): Engine => {
  const engine = memoryEngine(newMemoryFiles());
  const open = engine.snapshot.bind(engine);
  const snapshot = (): EngineSnapshot => {
    const own = open();
    const visit: EngineSnapshot['visit'] = (range, visitor) => {
      visited();
      own.visit(range, visitor);
    };
    return { ...own, visit };
  };
  return Object.assign(engine, { snapshot });
};

const vote = (at: number): RecordContent =>
  ({ kind: 'vote', v: 1, agent_id: agents[0], asserted_at: at, target, weight: 1 }) as never;

for (const [count, visitsMax] of [
  [3, 1],
  [448, 4],
  [449, 4],
  [10_000, 9],
] as const) {
  test(`${count} votes on a claim are found in at most ${visitsMax} looks`, async () => {
    let visits = 0;
    const engine = telling(() => {
      visits += 1;
    });
    const store = await opened(engine);
    const votes = Array.from({ length: count }, (_, at) =>
      recordOf(vote(at), at + 1, stampOf(at + 1)),
    );
    await store.apply(votes);
    const snapshot = store.snapshot();
    visits = 0;
    const found = [...snapshot.dependants(target, 'vote')].map(({ id }) => id);
    assert.ok(visits <= visitsMax, `${visits} looks`);
    assert.deepEqual(
      found,
      votes.map(({ id }) => id),
    );
    snapshot.release();
    await store.close();
  });
}
