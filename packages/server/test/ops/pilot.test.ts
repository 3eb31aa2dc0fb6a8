/** The parts of a pilot check: its ledger, its percentiles, its pace, its claims. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes, type JsonObject, parseAgentId, recordIdOf } from '@stemedb/model';
import fc from 'fast-check';
import { PilotClaims } from '../../src/ops/pilot/claims.js';
import { judged, resultOf, skipped } from '../../src/ops/pilot/criterion.js';
import { heldRate } from '../../src/ops/pilot/held_rate.js';
import { Latencies } from '../../src/ops/pilot/latencies.js';
import { Ledger } from '../../src/ops/pilot/ledger.js';
import { runLoad } from '../../src/ops/pilot/load.js';
import { markdownOf } from '../../src/ops/pilot/markdown.js';
import { pace } from '../../src/ops/pilot/pace.js';
import { killAndRecover } from '../../src/ops/pilot/recovery.js';
import type { Health, PilotServer } from '../../src/ops/pilot/server.js';

const agentId = parseAgentId('ab'.repeat(32));
assert.ok(agentId !== undefined);

test('a ledger has what was acknowledged and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(2_000_000)), (numbers) => {
      const ledger = new Ledger();
      for (const number of numbers) ledger.acknowledge(number);
      const expected = [...new Set(numbers)].sort((a, b) => a - b);
      assert.deepEqual([...ledger.numbers()], expected);
      assert.equal(ledger.count, expected.length);
      assert.equal(ledger.end, (expected.at(-1) ?? -1) + 1);
    }),
    { numRuns: 20 },
  );
});

test('a percentile is never too low, and at most 2 % too high', () => {
  const times = fc.array(fc.double({ min: 0.05, max: 100_000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(times, fc.double({ min: 0.01, max: 1, noNaN: true }), (values, share) => {
      const latencies = new Latencies();
      for (const value of values) latencies.add(value);
      const sorted = [...values].sort((a, b) => a - b);
      const exact = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
      const found = latencies.percentile(share);
      assert.ok(found >= exact * 0.999_999 && found <= exact * 1.021, `${found} for ${exact}`);
    }),
  );
  assert.ok(Number.isNaN(new Latencies().percentile(0.5)));
});

test('a claim has its size, and an id that follows from its number', () => {
  const claims = new PilotClaims('run', agentId, 1_700_000_000_000, 1_024);
  const content = (number: number): JsonObject => ({
    ...claims.claim(number),
    kind: 'assertion',
    v: 1,
  });
  assert.equal(canonicalBytes(content(0)).length, 1_024);
  const ids = new Set<string>();
  for (let number = 0; number < 1_000; number += 1) {
    assert.equal(claims.numberOf(content(number)), number);
    assert.equal(claims.idOf(number), recordIdOf(canonicalBytes(content(number))));
    ids.add(claims.idOf(number));
  }
  assert.equal(ids.size, 1_000);
  const other = new PilotClaims('other', agentId, 1_700_000_000_000, 1_024);
  assert.equal(other.numberOf(content(1)), undefined);
});

/** Time that passes only while somebody sleeps. */
const stillClock = () => {
  let nowMs = 0;
  return {
    clock: {
      wallMs: () => nowMs,
      monotonicMs: () => nowMs,
      after: () => () => undefined,
      turn: () => Promise.resolve(),
    },
    sleep: async (delayMs: number) => {
      nowMs += Math.max(delayMs, 0.001);
    },
  };
};

test('calls are due at their rate, and lateness counts from there', async () => {
  const { clock, sleep } = stillClock();
  const latenesses: number[] = [];
  await pace({
    clock,
    sleep,
    perSecond: 10,
    atOnce: 1,
    isOver: () => clock.monotonicMs() >= 1_000,
    call: async (dueMs) => {
      // The third call takes half a second, and holds up those behind it.
      await sleep(latenesses.length === 2 ? 500 : 1);
      latenesses.push(Math.round(clock.monotonicMs() - dueMs));
    },
  });
  assert.deepEqual(latenesses.slice(0, 6), [1, 1, 500, 401, 302, 203]);
  assert.ok(latenesses.length >= 9 && latenesses.length <= 11, `${latenesses.length} calls`);
});

/** A load of ten claims a second for two seconds, each acknowledged after so long. */
const loaded = async (answerMs: (number: number) => number) => {
  const { clock } = stillClock();
  let nowMs = 0;
  const timed = { ...clock, wallMs: () => nowMs, monotonicMs: () => nowMs };
  const waiting: { readonly atMs: number; readonly wake: () => void }[] = [];
  const sleep = (delayMs: number): Promise<void> =>
    new Promise((wake) => waiting.push({ atMs: nowMs + Math.max(delayMs, 0.001), wake }));
  const isOver = (): boolean => nowMs >= 2_000;
  let isDone = false;
  const load = runLoad({
    server: {
      health: async () => undefined,
      write: async (numbers) => {
        await sleep(answerMs(numbers[0] ?? 0));
        return numbers;
      },
      ask: async () => true,
      holds: async () => true,
    },
    ledger: new Ledger(),
    ...{ clock: timed, sleep, isOver, random: () => 0 },
    ...{ rate: 10, batch: 1, queryRate: 0, atOnce: 4, first: 0 },
  }).finally(() => {
    isDone = true;
  });
  // Whoever waits for the nearest moment goes on, as soon as nobody else can.
  while (!isDone) {
    await new Promise(setImmediate);
    waiting.sort((a, b) => a.atMs - b.atMs);
    const next = waiting.shift();
    if (next === undefined) continue;
    nowMs = next.atMs;
    next.wake();
  }
  return load;
};

test('a rate is reckoned until the last claim is acknowledged', async () => {
  const due = { perSecond: 10, seconds: 2, writeMsMax: 500 };
  const quick = await loaded(() => 50);
  assert.equal(quick.acknowledged, 20);
  assert.deepEqual(heldRate(quick, due), { reached: 10, isHeld: true });
  // The last one was due after 1.9 s.
  const late = await loaded((number) => (number === 19 ? 400 : 50));
  assert.equal(Math.round(late.lastAcknowledgedMs), 2_300);
  assert.equal(heldRate(late, due).reached.toFixed(1), '8.7');
  assert.equal(heldRate(late, due).isHeld, true);
  // All are acknowledged in the end, but the end is not two seconds.
  const behind = await loaded((number) => (number >= 17 ? 3_000 : 50));
  assert.equal(behind.acknowledged, 20);
  assert.equal(heldRate(behind, due).reached.toFixed(1), '4.1');
  assert.equal(heldRate(behind, due).isHeld, false);
});

const healthy: Health = { databaseId: 'a', version: '1', isReady: true, uptimeSeconds: 100 };

/** These answers in turn, the last one for ever; who does not end grows older. */
const answering = (
  answers: readonly (Health | undefined)[],
  nowSeconds: () => number,
): PilotServer => {
  let asked = 0;
  return {
    health: async () => {
      const answer = answers[Math.min(asked, answers.length - 1)];
      asked += 1;
      if (answer !== healthy) return answer;
      return { ...answer, uptimeSeconds: Math.round(answer.uptimeSeconds + nowSeconds()) };
    },
    write: async () => [],
    ask: async () => true,
    holds: async () => true,
  };
};

const recovered = (answers: readonly (Health | undefined)[]) => {
  const { clock, sleep } = stillClock();
  const kill = async (): Promise<undefined> => undefined;
  const options = { clock, sleep, kill, start: undefined, secondsMax: 5 };
  return killAndRecover({
    server: answering(answers, () => clock.monotonicMs() / 1000),
    ...options,
  });
};

test('only another process of the same database is a recovery', async () => {
  const young = { ...healthy, uptimeSeconds: 0 };
  assert.equal((await recovered([healthy, undefined, young])).ok, true);
  // Back so soon that it was never seen to be away.
  assert.equal((await recovered([healthy, young])).ok, true);
  assert.deepEqual(await recovered([healthy, undefined, { ...young, databaseId: 'b' }]), {
    ok: false,
    why: 'another database answers: b',
  });
  const never = await recovered([healthy, undefined]);
  assert.match(never.ok ? '' : never.why, /not ready within 5 s/);
  const starting = await recovered([healthy, undefined, { ...young, isReady: false }]);
  assert.equal(starting.ok, false);
  const untouched = await recovered([healthy]);
  assert.match(untouched.ok ? '' : untouched.why, /not killed/);
  // A call that failed on its way, to a server that nobody killed.
  const blinked = await recovered([healthy, undefined, healthy]);
  assert.match(blinked.ok ? '' : blinked.why, /not killed/);
});

test('a server that has just started is killed when it can be told from the next one', async () => {
  const { clock, sleep } = stillClock();
  const young = { ...healthy, uptimeSeconds: 1 };
  let killedMs: number | undefined;
  const options = {
    clock,
    sleep,
    kill: async (): Promise<undefined> => {
      killedMs = clock.monotonicMs();
    },
    start: undefined,
    secondsMax: 5,
  };
  const seconds = (): number => clock.monotonicMs() / 1000;
  const server = answering([young, healthy, young], seconds);
  assert.equal((await killAndRecover({ ...options, server })).ok, true);
  assert.equal(killedMs, 2_000);
  const restless = await killAndRecover({ ...options, server: answering([young], seconds) });
  assert.match(restless.ok ? '' : restless.why, /again and again/);
});

test('a pilot passes when all pass, and with skipped ones only where that is allowed', () => {
  const pass = judged('a', 'b', 'c', true);
  const fail = judged('a', 'b', 'c', false);
  const skip = skipped('a', 'b', 'c');
  assert.equal(resultOf([pass, pass], false), 'pass');
  assert.equal(resultOf([pass, skip], false), 'incomplete');
  assert.equal(resultOf([pass, skip], true), 'pass');
  assert.equal(resultOf([pass, fail, skip], true), 'fail');
});

test('a report keeps its table whole, whatever stands in a cell', () => {
  const text = markdownOf({
    result: 'fail',
    startedAt: '2026-01-01T00:00:00.000Z',
    url: 'http://127.0.0.1:1',
    databaseId: undefined,
    serverVersion: undefined,
    prefix: 'pilot-check/x',
    claimsWritten: 0,
    settings: { seconds: 5 },
    criteria: [judged('a|b', 'c\nd', 'e', false)],
  });
  assert.match(text, /^# Pilot check: failed$/m);
  assert.ok(text.includes('| a\\|b | c d | e | fail |'));
});
