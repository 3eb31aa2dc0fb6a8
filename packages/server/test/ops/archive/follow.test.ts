/** When an archiver that follows makes its passes, by a clock that the test moves. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { StemeError } from '@stemedb/model';
import type { PassReport } from '../../../src/ops/archive/archiver.js';
import { follow } from '../../../src/ops/archive/follow.js';
import { ArchiveRoom, assertCopy, copyAt, walDir } from './room.js';

interface Event {
  /** Seconds since the beginning. */
  readonly at: number;
  /** Records of a pass that was well, or the code of its error. */
  readonly what: number | string;
}

const intervalMs = 60_000;

/** Follows for so many seconds; `at` is called each second with its number. */
const followed = async (
  room: ArchiveRoom,
  seconds: number,
  at: (second: number) => Promise<void>,
): Promise<{ readonly events: readonly Event[]; readonly error: StemeError | undefined }> => {
  const events: Event[] = [];
  const stop = new AbortController();
  const now = (): number => room.clock.monotonicMs() / 1000;
  const end = now() + seconds;
  let told = Math.floor(now());
  const error = await follow({
    ...{ disk: room.disk, clock: room.clock, walDir, intervalMs, stop: stop.signal },
    pass: () => room.archiver.pass(),
    sleep: async (delayMs) => {
      await room.clock.advance(delayMs);
      while (told < Math.floor(now())) {
        told += 1;
        await at(told);
      }
      if (now() >= end) stop.abort();
    },
    onPass: async ({ position }: PassReport) => void events.push({ at: now(), what: position }),
    onFailure: async ({ code }) => void events.push({ at: now(), what: code }),
  });
  return { events, error };
};

it('passes at once and each interval', async () => {
  const room = await ArchiveRoom.make(1, 1024 * 1024);
  await room.append(2);
  await room.log.mark();
  const { events, error } = await followed(room, 130, async () => {
    await room.append(1);
    await room.log.mark();
  });
  assert.equal(error, undefined);
  assert.deepEqual(
    events.map(({ at }) => at),
    [0, 60, 120],
  );
  assert.deepEqual(
    events.map(({ what }) => what),
    [2, 62, 122],
  );
});

it('does not wait for the interval when a segment was sealed', async () => {
  const room = await ArchiveRoom.make(1, 4096);
  await room.append(2);
  const { events } = await followed(room, 50, async (second) => {
    // Segments seal at the 10th second, and only then.
    if (second === 10) for (let batch = 0; batch < 6; batch += 1) await room.append(5);
    await room.log.mark();
  });
  const [first, sealed, ...others] = events;
  assert.equal(first?.at, 0);
  assert.ok(sealed !== undefined && sealed.at >= 10 && sealed.at <= 12, `at ${sealed?.at} s`);
  assert.ok(Number(sealed.what) > 20);
  assert.equal(others.length, 0);
});

it('tries again with growing pauses, and catches up', async () => {
  const room = await ArchiveRoom.make();
  await room.append(2);
  await room.log.mark();
  const { events, error } = await followed(room, 300, async (second) => {
    const isDown = second >= 50 && second < 200;
    room.place.fault = isDown ? () => 'before' : undefined;
    await room.append(1);
    await room.log.mark();
  });
  assert.equal(error, undefined);
  const failed = events.filter(({ what }) => what === 'not_ready');
  assert.ok(failed.length >= 4 && failed.length <= 9, `${failed.length} tries in 150 s`);
  const pauses = failed.slice(1).map(({ at }, index) => at - (failed[index]?.at ?? 0));
  assert.deepEqual(
    pauses,
    pauses.toSorted((a, b) => a - b),
  );
  const again = events.find(({ at, what }) => at >= 200 && typeof what === 'number');
  assert.ok(again !== undefined && again.at <= 262, `up again at ${again?.at} s`);
  await assertCopy(await copyAt(room.place), 240);
});

it('ends with what no second try mends, unless it was well before', async () => {
  const { room, past } = await ArchiveRoom.withPast();
  await room.append(5);
  await room.stop();
  const well = await followed(room, 200, async (second) => {
    if (second !== 70) return;
    room.disk = past;
    room.archiver = room.newArchiver();
  });
  assert.equal(well.error, undefined);
  assert.equal(well.events.at(-1)?.what, 'log_altered');
  const anew = await followed(room, 200, async () => undefined);
  assert.equal(anew.error?.code, 'log_altered');
  assert.deepEqual(anew.events, []);
});
