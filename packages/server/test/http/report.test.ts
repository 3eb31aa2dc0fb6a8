/** Progress of a stream: at most one line a second, and never of a line that is not decided. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { NdjsonReport } from '../../src/http/ndjson/report.js';
import type { Clock } from '../../src/io/clock.js';

/** A clock of one timer, moved by hand. */
class HandClock implements Clock {
  #nowMs = 0;
  #timer: { readonly atMs: number; readonly run: () => void } | undefined;

  wallMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    this.#timer = { atMs: this.#nowMs + delayMs, run };
    return () => {
      this.#timer = undefined;
    };
  }

  async turn(): Promise<void> {}

  pass(durationMs: number): void {
    this.#nowMs += durationMs;
    if (this.#timer === undefined || this.#timer.atMs > this.#nowMs) return;
    const { run } = this.#timer;
    this.#timer = undefined;
    run();
  }
}

test('progress is told at most once a second, and the newest one in the end', () => {
  const out = new PassThrough();
  const clock = new HandClock();
  const report = new NdjsonReport(out, clock, { refusalsReportedMax: 2 });
  const written = (): string => String(out.read() ?? '').trim();
  report.durableThrough(1);
  assert.equal(written(), '{"durable_through":1}');
  for (let line = 2; line <= 100; line += 1) {
    clock.pass(9);
    report.durableThrough(line);
  }
  assert.equal(written(), '');
  clock.pass(200);
  assert.equal(written(), '{"durable_through":100}');
  report.durableThrough(101);
  report.stop({ code: 'log_failed', detail: 'Broken.' });
  const end = '{"type":"error","code":"log_failed","detail":"Broken."}';
  assert.equal(written(), `{"durable_through":101}\n${end}`);
  clock.pass(5000);
  assert.equal(written(), '', 'nothing follows the last line');
});
