/**
 * Mixed load over lives that end by SIGKILL, one database throughout: memory, descriptors and
 * latency by windows, and their slopes, are reported; descriptors must not pile up, and what was
 * acknowledged in any life is there at the end. The long run is minutes a life, an hour in all.
 */
import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { countOf, type Seeded, seeded } from '../support/seeded.js';
import { ServerProcess } from '../support/server_process.js';
import { percentile, reportOf, resourcesOf, type Window } from './resources.js';

const lives = countOf(2, 12);
const lifeSeconds = Number(process.env.STEMEDB_LIFE_SECONDS ?? countOf(10, 300));
const windowsPerLife = countOf(5, 30);
const clients = 8;
/** Connections of clients, files of log and store, and what the runtime holds. */
const handlesMax = 100;
const concepts = 2_000;
/** Writes of all lives that are read back. */
const sampleMax = 5_000;

interface Load {
  readonly acknowledged: string[];
  /** Answers that no healthy server gives. */
  readonly wrong: string[];
  times: number[];
  isOver: boolean;
}

/** One client: nine questions for each write, now and then an array. */
const client = async (server: ServerProcess, load: Load, random: Seeded): Promise<void> => {
  let count = 0;
  while (!load.isOver) {
    const concept_path = `endurance/${random.below(concepts)}`;
    const begun = performance.now();
    try {
      let answer: { readonly status: number; readonly body: unknown };
      if (random.chance(0.1)) {
        const value = `${random.below(5)} of ${count++}`;
        answer = await server.post('/v1/assert', { concept_path, predicate: 'is', value });
        if (answer.status === 201) load.acknowledged.push((answer.body as { id: string }).id);
      } else if (random.chance(0.02)) {
        const value = random.below(3);
        const array = Array.from({ length: 50 }, () => ({ concept_path, predicate: 'n', value }));
        answer = await server.post('/v1/assert/batch', array);
      } else {
        const lens = random.pick(['recency', 'consensus', 'skeptic', 'layered']);
        answer = await server.get(`/v1/query?concept_path=${concept_path}&lens=${lens}`);
      }
      if (answer.status >= 300) load.wrong.push(`${answer.status} ${JSON.stringify(answer.body)}`);
    } catch {
      return;
    }
    load.times.push(performance.now() - begun);
  }
};

/** One life: load for its time, looked at window by window, then SIGKILL. */
const live = async (
  server: ServerProcess,
  random: Seeded,
  acknowledged: string[],
): Promise<readonly Window[]> => {
  const load: Load = { acknowledged, wrong: [], times: [], isOver: false };
  const working = Array.from({ length: clients }, () => client(server, load, random));
  const windows: Window[] = [];
  const windowSeconds = lifeSeconds / windowsPerLife;
  for (let at = 1; at <= windowsPerLife; at += 1) {
    load.times = [];
    await sleep(windowSeconds * 1000);
    const { times } = load;
    windows.push({
      seconds: at * windowSeconds,
      ...(await resourcesOf(server.pid ?? 0)),
      requests: times.length / windowSeconds,
      p50Ms: percentile(times, 0.5),
      p99Ms: percentile(times, 0.99),
    });
  }
  await server.stop('SIGKILL');
  load.isOver = true;
  await Promise.all(working);
  assert.deepEqual(load.wrong.slice(0, 5), []);
  return windows;
};

const timeout = (lives * (lifeSeconds + 60) + 600) * 1000;

test(`${lives} lives of ${lifeSeconds} s under mixed load`, { timeout }, async (t) => {
  const random = seeded(Number(process.env.STEMEDB_SEED ?? 7));
  let server = await ServerProcess.start();
  const { directory } = server;
  const acknowledged: string[] = [];
  const seen: (readonly Window[])[] = [];
  try {
    for (let life = 0; life < lives; life += 1) {
      if (life > 0) server = await ServerProcess.start({ directory });
      seen.push(await live(server, random, acknowledged));
    }
    for (const line of reportOf(seen)) t.diagnostic(line);
    const handles = Math.max(...seen.flat().map((window) => window.handles));
    assert.ok(handles < handlesMax, `${handles} descriptors are open`);
    server = await ServerProcess.start({ directory });
    assert.ok(acknowledged.length > 0, 'nothing was acknowledged');
    for (const id of random.shuffled(acknowledged).slice(0, sampleMax)) {
      assert.equal((await server.get(`/v1/records/${id}`)).status, 200, `${id} is lost`);
    }
    t.diagnostic(`${acknowledged.length} single writes acknowledged`);
  } finally {
    await server.stop('SIGKILL');
    await rm(directory, { recursive: true, force: true });
  }
});
