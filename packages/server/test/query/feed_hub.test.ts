/** What wakes followers reads nothing when there are none, and is over before the files are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ok } from '@stemedb/model';
import { FeedHub } from '../../src/query/feed_hub.js';
import { feedLimits } from '../../src/query/feed_limits.js';
import { Readings } from '../../src/query/readings.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { startMs } from './asking.js';

const { feedWakeIntervalMs } = feedLimits;

/** Whatever is ready has had its turn, many times. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 200; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A hub over nothing, on a clock that the test moves. */
class CountedHub {
  readonly clock = new SimulatedClock();
  readonly hub: FeedHub;
  reads = 0;
  wakes = 0;

  constructor() {
    const read = async () => {
      this.reads += 1;
      return ok(undefined);
    };
    this.hub = new FeedHub({
      log: { iterate: () => assert.fail('The log is read.') },
      store: { appliedSequence: 0, appliedOffset: 0 },
      readings: { read } as unknown as Readings,
      clock: this.clock,
      limits: feedLimits,
      cursorOf: () => '',
    });
  }

  follow(): () => void {
    return this.hub.follow({}, () => {
      this.wakes += 1;
    });
  }

  /** Woken once, and to be woken again when the interval is over. */
  async noteTwice(): Promise<void> {
    this.hub.noteVisible();
    await settle();
    assert.deepEqual([this.reads, this.wakes], [1, 1]);
    this.hub.noteVisible();
    await settle();
    assert.deepEqual([this.reads, this.wakes], [1, 1]);
  }
}

test('nothing is read after the last follower has left, and the next one is woken', async () => {
  const counted = new CountedHub();
  const leave = counted.follow();
  await counted.noteTwice();
  leave();
  await counted.clock.advance(10 * feedWakeIntervalMs);
  await settle();
  assert.equal(counted.reads, 1);
  counted.follow();
  counted.hub.noteVisible();
  await settle();
  assert.deepEqual([counted.reads, counted.wakes], [2, 2]);
});

test('the end does not wait for the interval, and nothing is read behind it', async () => {
  const counted = new CountedHub();
  counted.follow();
  await counted.noteTwice();
  await counted.hub.close();
  assert.equal(counted.clock.timerCount, 0);
  counted.hub.noteVisible();
  await counted.clock.advance(10 * feedWakeIntervalMs);
  await settle();
  assert.deepEqual([counted.reads, counted.wakes], [1, 1]);
});

test('the files are open until what is read for followers has been read', async (t) => {
  const { database } = await simulatedDatabase({ startMs, identity: 1 });
  const principal = { type: 'node', agentId: database.agentId } as const;
  assert.ok((await database.feed.follow(principal, { since: 'now' }, () => undefined)).ok);
  const { read } = Readings.prototype;
  const outcomes: boolean[] = [];
  let begun = (): void => undefined;
  const isBegun = new Promise<void>((resolve) => {
    begun = resolve;
  });
  let goOn = (): void => undefined;
  const mayGoOn = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const held = async function (this: Readings, ...[options, work]: Parameters<Readings['read']>) {
    const outcome = await read.call(this, options, async (reading) => {
      begun();
      await mayGoOn;
      return work(reading);
    });
    outcomes.push(outcome.ok);
    return outcome;
  };
  t.mock.method(Readings.prototype, 'read', held as Readings['read']);
  const content = { concept_path: 'a', predicate: 'n', value: 1, asserted_at: startMs };
  await submit(database, { kind: 'assertion', content });
  await isBegun;
  let isClosed = false;
  const closing = database.close().then(() => {
    isClosed = true;
  });
  await settle();
  assert.equal(isClosed, false);
  goOn();
  await closing;
  assert.deepEqual(outcomes, [true]);
});
