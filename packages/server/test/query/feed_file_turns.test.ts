/** Turns at the files: who is let in next, how much is held, and who leaves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { framePayloadBytesMax } from '../../src/log/format.js';
import { FileTurns, type TurnTaker } from '../../src/query/feed_file_turns.js';

const pieceBytes = 64 * 1024;
const largestBytes = framePayloadBytesMax + pieceBytes;

/** Settles what is ready. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Takers at turns in which there is room for so many pieces of the largest size. */
class Takers {
  readonly turns: FileTurns;
  /** Names of those that were let in, in order. */
  readonly letIn: string[] = [];
  readonly #releases = new Map<string, () => void>();
  readonly #takers = new Map<string, TurnTaker>();

  constructor(pieces: number, readers = 2) {
    this.turns = new FileTurns({
      feedFileReadersMax: readers,
      feedUnsentBytesMax: pieces * largestBytes,
      feedPieceBytesMax: pieceBytes,
    });
  }

  async take(name: string, bytes = largestBytes): Promise<void> {
    const taker = this.#takers.get(name) ?? { hasPassedOn: false };
    this.#takers.set(name, taker);
    const read = async (): Promise<number> => {
      this.letIn.push(name);
      return bytes;
    };
    void this.turns
      .take(taker, read, (value) => value)
      .then((taken) => {
        if (taken === undefined) this.letIn.push(`not ${name}`);
        else this.#releases.set(name, taken.release);
      });
    await turn();
  }

  async release(name: string): Promise<void> {
    this.#releases.get(name)?.();
    await turn();
  }

  async leave(name: string): Promise<void> {
    this.turns.leave(this.#takers.get(name) ?? assert.fail(name));
    await turn();
  }
}

test('those who passed on what they were given and newcomers are let in by turns', async () => {
  const takers = new Takers(1);
  for (const name of ['a', 'b', 'stuck']) {
    await takers.take(name);
    if (name !== 'stuck') await takers.release(name);
  }
  for (const name of ['x', 'y', 'z', 'a', 'b']) await takers.take(name);
  assert.deepEqual(takers.letIn.splice(0), ['a', 'b', 'stuck']);
  for (const name of ['stuck', 'a', 'x', 'b', 'y']) await takers.release(name);
  assert.deepEqual(takers.letIn, ['a', 'x', 'b', 'y', 'z']);
});

test('no more is held than may be, whatever is being read', async () => {
  const takers = new Takers(3);
  // Room for two of the largest beside half of one.
  await takers.take('half', largestBytes / 2);
  for (const name of ['a', 'b', 'c']) await takers.take(name);
  assert.deepEqual(takers.letIn, ['half', 'a', 'b']);
  assert.equal(takers.turns.isWanting, true);
  await takers.release('half');
  assert.deepEqual(takers.letIn, ['half', 'a', 'b', 'c']);
  assert.equal(takers.turns.isWanting, false);
});

test('what is held is not wanted by one who waits for the readers alone', async () => {
  const takers = new Takers(3, 1);
  let finish: (bytes: number) => void = () => undefined;
  const slow = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const reading = takers.turns.take(
    { hasPassedOn: false },
    () => slow,
    (value) => value,
  );
  await takers.take('a');
  assert.deepEqual([takers.letIn, takers.turns.isWanting], [[], false]);
  finish(1);
  await reading;
  await turn();
  assert.deepEqual(takers.letIn, ['a']);
});

test('one who leaves is let in no more, and holds up nobody', async () => {
  const takers = new Takers(1);
  for (const name of ['stuck', 'x', 'y']) await takers.take(name);
  await takers.leave('x');
  await takers.release('stuck');
  assert.deepEqual(takers.letIn, ['stuck', 'not x', 'y']);
  // Who is in has no place in the line to give up.
  await takers.leave('y');
  assert.equal(takers.turns.isWanting, false);
});

test('a reading that fails gives its turn on and holds nothing', async () => {
  const takers = new Takers(1, 1);
  const failing = takers.turns.take(
    { hasPassedOn: false },
    () => Promise.reject(new Error('damaged')),
    () => largestBytes,
  );
  const failed = assert.rejects(failing, /damaged/);
  await takers.take('a');
  await failed;
  await turn();
  assert.deepEqual(takers.letIn, ['a']);
});
