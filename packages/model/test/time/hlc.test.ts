import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  endOfMs,
  type HlcStamp,
  HybridClock,
  makeStamp,
  parseStamp,
  stampCounter,
  stampMs,
  stampNode,
  zeroStamp,
} from '@stemedb/model';
import fc from 'fast-check';
import { isSoak } from '../support.js';

const node = '00000000000000a1';
const msMax = 2 ** 48 - 1;
const nodeId = fc.stringMatching(/^[0-9a-f]{16}$/);

/** What may happen to a clock; `wall` moves the wall clock by jumps, steps back and drift. */
const event = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ what: 'next' as const, by: 0 }) },
  fc.record({ what: fc.constant('wall' as const), by: fc.integer({ min: -3_600_000, max: 9e6 }) }),
  fc.record({
    what: fc.constant('wall' as const),
    by: fc.double({ min: -2, max: 2, noNaN: true }),
  }),
  fc.record({ what: fc.constant('observe' as const), by: fc.integer({ min: -9e6, max: 9e6 }) }),
  fc.record({ what: fc.constant('advance' as const), by: fc.integer({ min: -1000, max: 1000 }) }),
);

describe('the hybrid logical clock', () => {
  it('rises strictly whatever the wall clock does (fault 10)', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 80 }), fc.nat(0xffff), (events, counter) => {
        let wall = 1.7e12;
        const clock = new HybridClock(node, () => wall);
        let floor: HlcStamp = zeroStamp;
        for (const { what, by } of events) {
          if (what === 'wall') wall += by;
          if (what === 'next') {
            const stamp = clock.next();
            assert.ok(stamp > floor, `${stamp} after ${floor}`);
            assert.ok(stampMs(stamp) >= Math.floor(wall));
            assert.equal(stampNode(stamp), node);
            floor = stamp;
          }
          if (what === 'observe') {
            const seen = makeStamp(Math.floor(wall + by), counter, 'ffffffffffffffff');
            clock.observe(seen);
            if (seen > floor) floor = seen;
          }
          if (what === 'advance') {
            clock.advancePast(Math.floor(wall + by));
            const end = endOfMs(Math.floor(wall + by));
            if (end > floor) floor = end;
          }
          assert.equal(clock.latest(), floor);
        }
      }),
      { numRuns: isSoak ? 20_000 : 500 },
    );
  });

  it('carries a full counter into the milliseconds', () => {
    const clock = new HybridClock(node, () => 5);
    clock.observe(makeStamp(9, 0xfffe, node));
    assert.equal(clock.next(), makeStamp(9, 0xffff, node));
    assert.equal(clock.next(), makeStamp(10, 0, node));
    assert.equal(clock.next(), makeStamp(10, 1, node));
  });

  it('stays above a stamp of a higher node in the same tick', () => {
    const clock = new HybridClock(node, () => 5);
    const seen = makeStamp(9, 3, 'ffffffffffffffff');
    clock.observe(seen);
    assert.ok(clock.next() > seen);
  });

  it('follows the wall clock when that is ahead', () => {
    const clock = new HybridClock(node, () => 1234.9);
    assert.equal(clock.latest(), zeroStamp);
    assert.equal(clock.next(), makeStamp(1234, 0, node));
  });

  it('throws rather than run out of its 48 bits', () => {
    const clock = new HybridClock(node, () => 0);
    clock.advancePast(msMax);
    assert.throws(() => clock.next(), RangeError);
    assert.throws(() => new HybridClock('A1', () => 0), RangeError);
  });
});

describe('stamps', () => {
  it('hold what they are made of, and compare as clocks', () => {
    const parts = fc.tuple(fc.integer({ min: 0, max: msMax }), fc.nat(0xffff), nodeId);
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        const [x, y] = [makeStamp(...a), makeStamp(...b)];
        assert.deepEqual([stampMs(x), stampCounter(x), stampNode(x)], a);
        assert.equal(parseStamp(x), x);
        const earlier = a[0] - b[0] || a[1] - b[1] || (a[2] < b[2] ? -1 : Number(a[2] > b[2]));
        assert.equal(x < y, earlier < 0);
        assert.ok(x <= endOfMs(a[0]));
      }),
    );
  });

  it('refuse parts out of range', () => {
    assert.throws(() => makeStamp(-1, 0, node), RangeError);
    assert.throws(() => makeStamp(0.5, 0, node), RangeError);
    assert.throws(() => makeStamp(2 ** 48, 0, node), RangeError);
    assert.throws(() => makeStamp(0, 65_536, node), RangeError);
    assert.throws(() => makeStamp(0, 0, 'a1'), RangeError);
  });
});
