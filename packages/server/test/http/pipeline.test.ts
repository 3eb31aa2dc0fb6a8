/** Lines that wait for their attestations: bounded in bytes, for one stream and for all. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { type AgentId, fail } from '@stemedb/model';
import { httpLimits } from '../../src/guard/limits.js';
import { NdjsonPipeline } from '../../src/http/ndjson/pipeline.js';
import { NdjsonReport } from '../../src/http/ndjson/report.js';
import { WaitingBudget } from '../../src/http/ndjson/waiting_budget.js';
import type { Ingest } from '../../src/ingest/ingest.js';
import { TestClock } from '../support/test_clock.js';

const unproved = fail({ code: 'agent_not_proved', detail: 'Nobody has signed it.' });
const lineBytes = 1000;

const ingest = {
  submitAll: async (_: unknown, submissions: readonly unknown[]) => submissions.map(() => unproved),
} as unknown as Ingest;

/** A stream whose every line waits for an attestation that never comes. */
class WaitingStream {
  readonly #pipeline: NdjsonPipeline;
  readonly #out = new PassThrough({ highWaterMark: 1_000_000 });
  #lines = 0;

  constructor(waiting: WaitingBudget, setAsideBytesMax: number, decides = ingest) {
    const clock = new TestClock(0);
    const report = new NdjsonReport(this.#out, clock, { refusalsReportedMax: 1000 });
    const principal = { type: 'node', agentId: '0'.repeat(64) as AgentId } as const;
    const limits = { ...httpLimits, lineBytesMax: lineBytes, setAsideBytesMax };
    this.#pipeline = new NdjsonPipeline({
      ingest: decides,
      principal,
      clock,
      report,
      limits,
      waiting,
    });
  }

  async push(): Promise<void> {
    this.#lines += 1;
    const submission = { ok: true, value: { kind: 'assertion', content: {} } } as const;
    await this.#pipeline.push([{ number: this.#lines, bytes: lineBytes, submission }], this.#lines);
  }

  /** How many lines were refused, all in all. */
  async finish(): Promise<number> {
    await this.#pipeline.finish();
    this.#pipeline.close();
    return String(this.#out.read() ?? '').match(/agent_not_proved/g)?.length ?? 0;
  }

  close(): void {
    this.#pipeline.close();
  }
}

test('what one stream has waiting is bounded in bytes', async () => {
  const waiting = new WaitingBudget(1_000_000);
  const stream = new WaitingStream(waiting, 4 * lineBytes);
  let peak = 0;
  for (let line = 0; line < 100; line += 1) {
    await stream.push();
    peak = Math.max(peak, waiting.bytes);
  }
  // As much set aside as unproved, and the groups that were under way meanwhile.
  assert.ok(peak <= (4 + 4 + httpLimits.groupsInFlightMax) * lineBytes, `${peak} bytes`);
  assert.equal(await stream.finish(), 100);
  assert.equal(waiting.bytes, 0);
});

test('what all streams have waiting is bounded together, and given back', async () => {
  const waiting = new WaitingBudget(5 * lineBytes);
  const streams = [1, 2, 3].map(() => new WaitingStream(waiting, 100 * lineBytes));
  for (let line = 0; line < 20; line += 1) {
    for (const stream of streams) await stream.push();
    assert.ok(waiting.bytes <= 5 * lineBytes);
  }
  assert.ok(waiting.bytes > 0);
  const [first, second, third] = streams;
  assert.equal(await first?.finish(), 20);
  assert.equal(await second?.finish(), 20);
  // A sender that is gone leaves nothing behind.
  third?.close();
  assert.equal(waiting.bytes, 0);
});

test('a group that fails ends its stream, whichever group is still under way', async () => {
  const failure = new Error('planted');
  let decideFirst = (): void => undefined;
  const first = new Promise<void>((resolve) => {
    decideFirst = resolve;
  });
  let calls = 0;
  const failing = {
    submitAll: async (_: unknown, submissions: readonly unknown[]) => {
      calls += 1;
      if (calls > 1) throw failure;
      await first;
      return submissions.map(() => unproved);
    },
  } as unknown as Ingest;
  const stream = new WaitingStream(new WaitingBudget(1_000_000), lineBytes, failing);
  await stream.push();
  await stream.push();
  await new Promise((resolve) => setImmediate(resolve));
  decideFirst();
  await assert.rejects(stream.finish(), failure);
  stream.close();
});
