/** Signatures verified on another thread: the same verdicts, and none without an answer. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Ed25519Verify,
  keyPairFromSeed,
  type RecordId,
  type SignatureCheck,
  sign,
  strictCheck,
} from '@stemedb/model';
import { packChecks, verifyPacked } from '../../src/ingest/packed_checks.js';
import { ThreadedChecks } from '../../src/ingest/signature_checks.js';
import { sodiumVerify } from '../../src/ingest/sodium.js';
import { systemClock } from '../../src/io/system_clock.js';
import { systemThread } from '../../src/io/system_thread.js';
import type { ThreadEvents } from '../../src/io/thread.js';
import { SimulatedClock } from '../simulation/simulated_clock.js';
import { accepted, author, claim, contentBy, node, openRoom, refused, signedBy } from './room.js';

const keys = keyPairFromSeed(new Uint8Array(32).fill(7));

/** A check that holds, or one of a signature over another id. */
const checkOf = (number: number, isValid: boolean): SignatureCheck => {
  const id = number.toString(16).padStart(64, '0') as RecordId;
  const signed = isValid ? id : (`f${id.slice(1)}` as RecordId);
  const signature = sign('supersession', signed, keys.secretSeed);
  const check = strictCheck('supersession', id, keys.agentId, signature);
  assert.ok(check !== undefined);
  return check;
};

/** A thread that a test plays. */
class PlayedThread {
  readonly sent: Uint8Array[] = [];
  events: ThreadEvents | undefined;
  hasEnded = false;

  readonly start = (events: ThreadEvents) => {
    this.events = events;
    return {
      send: (bytes: Uint8Array) => void this.sent.push(bytes),
      end: async () => {
        this.hasEnded = true;
      },
    };
  };

  /** Answers the oldest batch that was not answered. */
  answer(): void {
    const batch = this.sent.shift();
    assert.ok(batch !== undefined);
    this.events?.answered(verifyPacked(batch, sodiumVerify));
  }
}

interface Played {
  readonly thread: PlayedThread;
  readonly checks: ThreadedChecks;
  readonly clock: SimulatedClock;
  readonly failures: unknown[];
  /** Checks that were made on this thread. */
  readonly here: () => number;
  readonly turn: () => Promise<void>;
}

const played = (): Played => {
  const thread = new PlayedThread();
  const clock = new SimulatedClock();
  const failures: unknown[] = [];
  let made = 0;
  const here: Ed25519Verify = (...check) => {
    made += 1;
    return sodiumVerify(...check);
  };
  const onFailure = (cause: unknown) => void failures.push(cause);
  const checks = new ThreadedChecks({ start: thread.start, clock, here, onFailure });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { thread, checks, clock, failures, here: () => made, turn };
};

describe('signatures on another thread', () => {
  it('have the verdicts of this thread, whatever is beside them', async () => {
    const pattern = Array.from({ length: 200 }, (_, at) => at % 3 !== 0);
    const batch = packChecks(pattern.map((isValid, at) => checkOf(at, isValid)));
    const verdicts = [...verifyPacked(batch, sodiumVerify)];
    assert.deepEqual(
      verdicts.map((verdict) => verdict === 1),
      pattern,
    );
  });

  it('are verified by a real thread, which ends when told', async () => {
    const failures: unknown[] = [];
    const checks = new ThreadedChecks({
      start: systemThread(new URL('../../src/bin/verification_thread.js', import.meta.url)),
      clock: systemClock,
      here: () => assert.fail('verified here'),
      onFailure: (cause) => void failures.push(cause),
    });
    let first = checks.verify([checkOf(1, true), checkOf(2, false)]);
    // Before the thread runs there is nobody to ask.
    assert.equal(first, undefined);
    while (first === undefined) {
      await new Promise((resolve) => setTimeout(resolve, 5));
      first = checks.verify([checkOf(1, true), checkOf(2, false)]);
    }
    const many = Array.from({ length: 300 }, (_, at) => checks.verify([checkOf(at, at % 2 === 0)]));
    assert.deepEqual(await first, [true, false]);
    const verdicts = await Promise.all(many);
    assert.deepEqual(
      verdicts.flatMap((one) => one ?? []),
      many.map((_, at) => at % 2 === 0),
    );
    await checks.close();
    assert.deepEqual(failures, []);
    assert.equal(checks.verify([checkOf(1, true)]), undefined);
  });

  it('wait in batches, two of them with the thread', async () => {
    const { thread, checks, turn } = played();
    thread.events?.ready();
    const all = Array.from({ length: 130 }, (_, at) => checks.verify([checkOf(at, true)]));
    await turn();
    assert.deepEqual(
      thread.sent.map((batch) => batch.length / 160),
      [64, 64],
    );
    thread.answer();
    assert.deepEqual(
      thread.sent.map((batch) => batch.length / 160),
      [64, 2],
    );
    thread.answer();
    thread.answer();
    assert.ok((await Promise.all(all)).flat().every((verdict) => verdict === true));
    assert.equal(checks.isBusy, false);
  });

  it('are refused beyond what is held, so that the caller makes them', () => {
    const { thread, checks } = played();
    thread.events?.ready();
    const check = checkOf(1, true);
    const held = Array.from({ length: 8192 }, () => check);
    assert.notEqual(checks.verify(held), undefined);
    assert.equal(checks.verify([check]), undefined);
  });
});

describe('a thread that fails', () => {
  const failures: readonly (readonly [string, (parts: Played) => void])[] = [
    ['a thread that ends', ({ thread }) => thread.events?.failed(new Error('ended'))],
    ['an answer of another length', ({ thread }) => thread.events?.answered(new Uint8Array(3))],
    ['an answer that is no verdict', ({ thread }) => thread.events?.answered(new Uint8Array(2))],
    ['no answer at all', ({ clock }) => clock.advance(30_001)],
  ];
  for (const [what, fail] of failures) {
    it(`has its checks made here after ${what}, and is told of once`, async () => {
      const parts = played();
      const { thread, checks, turn, here } = parts;
      thread.events?.ready();
      const sent = checks.verify([checkOf(1, true), checkOf(2, false)]);
      await turn();
      assert.equal(thread.sent.length, 1);
      const waiting = checks.verify([checkOf(3, false)]);
      fail(parts);
      assert.deepEqual(await sent, [true, false]);
      assert.deepEqual(await waiting, [false]);
      assert.equal(here(), 3);
      assert.equal(parts.failures.length, 1);
      assert.equal(thread.hasEnded, true);
      assert.equal(checks.verify([checkOf(4, true)]), undefined);
      // What comes too late changes nothing.
      thread.events?.answered(Uint8Array.of(1, 1));
      thread.events?.failed(new Error('again'));
      assert.equal(parts.failures.length, 1);
    });
  }
});

describe('writes whose signatures are on another thread', () => {
  it('are decided as those verified here', async () => {
    const { thread, checks, turn } = played();
    thread.events?.ready();
    const room = await openRoom({ checks });
    const good = signedBy(author, claim(1));
    const bad = { ...signedBy(author, claim(2)), content: contentBy(author, claim(3)) };
    const outcomes = room.ingest.submitAll(node, [good, bad]);
    await turn();
    assert.equal(room.log.lastSequence, 0);
    thread.answer();
    const [first, second] = await outcomes;
    assert.ok(first !== undefined && second !== undefined);
    accepted(first);
    const { code, faults } = refused(second);
    assert.equal(code, 'signature_invalid');
    assert.equal(faults?.[0]?.pointer, '/signatures/0/signature');
    assert.equal(room.log.lastSequence, 2);
    await room.log.close();
  });
});
