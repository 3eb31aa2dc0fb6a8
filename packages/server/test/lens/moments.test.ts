/**
 * What every lens must hold once it is asked through a database: the answer as of a moment stays
 * whatever is written later, and a claim that arrives again changes nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes, type JsonObject, makeStamp } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { builtInLenses } from '../../src/lens/registry.js';
import { mergeAll, type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { countOf, type Seeded, seeded } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const seed = Number(process.env.STEMEDB_SEED ?? 26);
const runs = countOf(1000, 100_000);
/** Concepts in one database, so that it does not grow without bound. */
const runsPerDatabase = 250;
const runMs = 1000;

/** Few agents, values and confidences, so that they meet often. */
const claimsAt = (random: Seeded, path: string, fromMs: number): readonly MergeRecord[] =>
  Array.from({ length: 1 + random.below(8) }, (_, at) => {
    const content: JsonObject = {
      kind: 'assertion',
      v: 1,
      agent_id: `${1 + random.below(5)}`.repeat(64),
      asserted_at: fromMs - random.below(3) * 86_400_000 - at,
      concept_path: path,
      predicate: 'p',
      value: random.pick(['a', 'b', 'c', 4, true]),
      confidence: random.pick([0, 0.25, 0.5, 0.9, 1]),
      source_uri: random.pick(['fda://x', 'blog://y', `https://z/${random.below(3)}`]),
    };
    const stamp = makeStamp(fromMs + at, random.below(3), 'bbbbbbbbbbbbbbbb');
    return { bytes: canonicalBytes(content), stamp, proof: 'credential' };
  });

const answers = async (
  { database }: SimulatedDatabase,
  conceptPath: string,
  asOf: number,
): Promise<readonly string[]> => {
  const principal = { type: 'node', agentId: database.agentId } as const;
  const texts: string[] = [];
  for (const { name } of builtInLenses) {
    const scope = { type: 'concept', conceptPath } as const;
    const question = { scope, lens: name, asOf, limit: 10, decay: 'class' } as const;
    const answer = await database.query.ask(principal, question);
    if (!answer.ok) throw new Error(`${name}: ${answer.error.detail}`);
    texts.push(`${name}: ${JSON.stringify(answer.value.results)}`);
  }
  return texts;
};

test(`every lens, ${runs} runs: answers stay, and repeats change nothing`, async (t) => {
  t.diagnostic(`seed ${seed}; replay with STEMEDB_SEED=${seed} npm test -- lens/moments`);
  let target: SimulatedDatabase | undefined;
  let changed = 0;
  for (let run = 0; run < runs; run += 1) {
    if (run % runsPerDatabase === 0) {
      await target?.database.close();
      // Nothing is kept between two questions: each is answered anew.
      target = await simulatedDatabase({ startMs, identity: run, cacheBytesMax: 0 });
    }
    if (target === undefined) throw new Error('The first run opens a database.');
    const random = seeded(seed * 1_000_003 + run);
    const name = `run ${run}, seed ${seed}`;
    const path = `run/${run}`;
    target.clock.advance(runMs);
    const nowMs = target.clock.wallMs();
    const first = claimsAt(random, path, nowMs - 900);
    await mergeAll(target, random.shuffled(first));
    const before = await answers(target, path, nowMs - 500);
    const repeated = first.map((record, at) => ({
      ...record,
      stamp: makeStamp(nowMs - 400 + at, 0, 'cccccccccccccccc'),
    }));
    await mergeAll(target, repeated);
    const known = await answers(target, path, nowMs - 300);
    assert.deepEqual(await answers(target, path, nowMs - 500), before, `${name}: repeats`);
    await mergeAll(target, claimsAt(random, path, nowMs - 200));
    assert.deepEqual(await answers(target, path, nowMs - 500), before, `${name}: later claims`);
    assert.deepEqual(await answers(target, path, nowMs - 300), known, `${name}: later claims`);
    if (run % 10 > 0) continue;
    if ((await answers(target, path, nowMs)).join() !== known.join()) changed += 1;
  }
  await target?.database.close();
  // The later claims do change what is answered as of now, or nothing was tested.
  assert.ok(changed > runs / 20, `${changed} runs changed the present`);
});
