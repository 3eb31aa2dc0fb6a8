/** What every `Clock` must do. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Clock } from '../../src/io/clock.js';

export interface ClockHarness {
  readonly clock: Clock;
  /** Resolves when at least so much of the clock's time has passed. */
  pass(durationMs: number): Promise<void>;
}

export function clockConformance(name: string, make: () => ClockHarness): void {
  describe(`clock conformance: ${name}`, () => {
    it('tells a wall time in whole milliseconds or finer, after 2020', () => {
      assert.ok(make().clock.wallMs() > Date.UTC(2020, 0, 1));
    });

    it('never steps back in monotonic time and moves on', async () => {
      const { clock, pass } = make();
      const before = clock.monotonicMs();
      await pass(5);
      assert.ok(clock.monotonicMs() >= before + 4);
    });

    it('runs a timer once, not before its time', async () => {
      const { clock, pass } = make();
      const startedMs = clock.monotonicMs();
      const ranMs: number[] = [];
      clock.after(10, () => ranMs.push(clock.monotonicMs()));
      assert.deepEqual(ranMs, []);
      await pass(60);
      assert.equal(ranMs.length, 1);
      // A system timer may fire a fraction of a millisecond early.
      assert.ok((ranMs[0] ?? 0) - startedMs >= 9);
    });

    it('does not run a timer that was cancelled; cancelling again is harmless', async () => {
      const { clock, pass } = make();
      let runs = 0;
      const cancel = clock.after(5, () => {
        runs += 1;
      });
      cancel();
      cancel();
      await pass(40);
      assert.equal(runs, 0);
    });
  });
}
