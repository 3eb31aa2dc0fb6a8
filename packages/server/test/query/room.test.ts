/** Room for what questions hold: who waits, who is let in, and who is told to come again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/query/pace.js';
import { NoRoom, Room } from '../../src/query/room.js';
import { TestClock } from '../support/test_clock.js';

const flush = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A pace whose time ends when it is told. */
const endingPace = (): { readonly pace: Pace; readonly end: () => void } => {
  const clock = new TestClock(0);
  let end = (): void => undefined;
  clock.after = (_delayMs, run) => {
    end = run;
    return () => undefined;
  };
  return { pace: new Pace(clock, 1000, undefined), end: () => end() };
};

/** Takes room in the background and notes when it is let in. */
const enter = (room: Room, units: number, entered: string[], name: string, pace: Pace) =>
  room.take(units, pace).then(
    (leave) => {
      entered.push(name);
      return leave;
    },
    (error: unknown) => {
      assert.ok(error instanceof NoRoom, String(error));
      entered.push(`no ${name}`);
      return () => undefined;
    },
  );

test('the line is kept: a small taker does not overtake, and all come in', async () => {
  const room = new Room(10, 8, 'rows');
  const entered: string[] = [];
  const { pace } = endingPace();
  const leaveFirst = await enter(room, 6, entered, 'first', pace);
  const second = enter(room, 6, entered, 'second', pace);
  const third = enter(room, 1, entered, 'third', pace);
  await flush();
  assert.deepEqual(entered, ['first']);
  leaveFirst();
  await flush();
  assert.deepEqual(entered, ['first', 'second', 'third']);
  for (const leave of await Promise.all([second, third])) leave();
  await enter(room, 10, entered, 'all of it', pace);
  assert.equal(entered.at(-1), 'all of it');
});

test('who wants more than there is comes in alone, and others only after it', async () => {
  const room = new Room(10, 8, 'rows');
  const entered: string[] = [];
  const { pace } = endingPace();
  const leave = await enter(room, 1000, entered, 'huge', pace);
  const beside = enter(room, 1, entered, 'beside', pace);
  const next = enter(room, 1000, entered, 'next', pace);
  await flush();
  assert.deepEqual(entered, ['huge']);
  leave();
  await flush();
  assert.deepEqual(entered, ['huge', 'beside']);
  (await beside)();
  await next;
  assert.deepEqual(entered, ['huge', 'beside', 'next']);
});

test('a full line refuses at once', async () => {
  const room = new Room(10, 1, 'rows');
  const entered: string[] = [];
  const { pace } = endingPace();
  const leave = await enter(room, 10, entered, 'first', pace);
  const waiting = enter(room, 10, entered, 'waiting', pace);
  await enter(room, 1, entered, 'refused', pace);
  assert.deepEqual(entered, ['first', 'no refused']);
  leave();
  await waiting;
  assert.deepEqual(entered, ['first', 'no refused', 'waiting']);
});

test('who leaves the line with its time makes place for those behind', async () => {
  const room = new Room(10, 8, 'rows');
  const entered: string[] = [];
  const { pace } = endingPace();
  await enter(room, 6, entered, 'first', pace);
  const ending = endingPace();
  const large = enter(room, 6, entered, 'large', ending.pace);
  const small = enter(room, 4, entered, 'small', pace);
  await flush();
  assert.deepEqual(entered, ['first']);
  ending.end();
  await Promise.all([large, small]);
  assert.deepEqual(entered.toSorted(), ['first', 'no large', 'small']);
});

test('room that comes in the moment when the time ends is taken, not lost', async () => {
  const room = new Room(10, 8, 'rows');
  const entered: string[] = [];
  const leave = await enter(room, 10, entered, 'first', endingPace().pace);
  const ending = endingPace();
  const second = enter(room, 10, entered, 'second', ending.pace);
  await flush();
  ending.end();
  leave();
  (await second)();
  assert.deepEqual(entered, ['first', 'second']);
  await enter(room, 10, entered, 'third', endingPace().pace);
  assert.equal(entered.at(-1), 'third');
});
