/**
 * The plan of a node: more of anything never needs less, units are what they say, what the
 * benchmark saw of ten million claims comes out again, and the figures it rests on are sane.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { measured } from '../../src/ops/sizing/measured.js';
import { type Plan, planFor } from '../../src/ops/sizing/plan.js';
import { recommend } from '../../src/ops/sizing/recommendation.js';
import type { Workload } from '../../src/ops/sizing/workload.js';
import { root } from '../docs/document.js';

const mebibyte = 1024 * 1024;

const usual: Workload = {
  assertions: 1_000_000,
  queriesPerSecond: 100,
  ingestPerSecond: 10,
  retentionDays: 14,
  claimBytes: 1_024,
  signedShare: 0,
  streamShare: 0,
  keptShare: 0,
  candidates: 20,
  peak: 1,
  cacheBytes: 64 * mebibyte,
  hotShare: 0.25,
  archiveSeconds: 60,
  fullEveryDays: 7,
  incrementalHours: 24,
  linkMbit: 1_000,
};

const plan = (changed: Partial<Workload>): Plan => {
  const workload = { ...usual, ...changed };
  return planFor(workload, measured, 1024 * mebibyte + workload.cacheBytes);
};

/** What must be bought or waited for; the sync may take less time where more is asked. */
const demands = (made: Plan, workload: Workload): readonly (readonly [string, number])[] => {
  const { disk, recovery, processor, memory, network } = made;
  const { sync_p99: sync, reached_after: _, ...bytes } = disk;
  const sections = { ...processor, ...memory, ...bytes, ...network, ...recovery };
  const { machine } = recommend(made, workload, measured);
  return [
    ...Object.entries(sections).map(([name, { value }]) => [name, value] as const),
    ['syncs in the time given', 1 / sync.value],
    ...Object.entries(machine),
  ];
};

const number = (max: number): fc.Arbitrary<number> =>
  fc.double({ min: 0, max, noNaN: true, noDefaultInfinity: true });

const workloads: fc.Arbitrary<Workload> = fc.record({
  assertions: fc.nat(200_000_000),
  queriesPerSecond: number(5_000),
  ingestPerSecond: number(5_000),
  retentionDays: number(400),
  claimBytes: fc.integer({ min: 200, max: mebibyte }),
  signedShare: number(1),
  streamShare: number(1),
  keptShare: number(1),
  candidates: fc.integer({ min: 1, max: 1_000 }),
  peak: fc.double({ min: 1, max: 20, noNaN: true }),
  cacheBytes: fc.nat(4 * 1024 * mebibyte),
  hotShare: number(1),
  archiveSeconds: fc.integer({ min: 1, max: 86_400 }),
  fullEveryDays: fc.integer({ min: 1, max: 30 }),
  incrementalHours: fc.integer({ min: 1, max: 200 }),
  linkMbit: fc.double({ min: 1, max: 100_000, noNaN: true }),
});

/** 1: more of it needs more or the same. -1: more of it needs less or the same. */
const directions = {
  assertions: 1,
  queriesPerSecond: 1,
  ingestPerSecond: 1,
  retentionDays: 1,
  claimBytes: 1,
  signedShare: 1,
  candidates: 1,
  peak: 1,
  cacheBytes: 1,
  hotShare: 1,
  archiveSeconds: 1,
  linkMbit: -1,
  keptShare: -1,
} as const satisfies Partial<Record<keyof Workload, 1 | -1>>;

for (const [name, direction] of Object.entries(directions)) {
  const input = name as keyof typeof directions;
  test(`more ${input} never needs ${direction > 0 ? 'less' : 'more'}`, () => {
    fc.assert(
      fc.property(workloads, workloads, (workload, other) => {
        const values = [workload[input], other[input]].sort((a, b) => (a - b) * direction);
        const [small, large] = values.map((value) => ({ ...workload, [input]: value ?? 0 }));
        assert.ok(small !== undefined && large !== undefined);
        const needed = new Map(demands(plan(large), large));
        for (const [what, before] of demands(plan(small), small)) {
          const after = needed.get(what) ?? Number.NaN;
          const slack = 1e-9 * Math.abs(before);
          assert.ok(after >= before - slack, `${what}: ${before} became ${after}`);
        }
      }),
      { numRuns: 100 },
    );
  });
}

test('claims in streams cost no more than claims one by one', () => {
  fc.assert(
    fc.property(workloads, (workload) => {
      const busy = (streamShare: number): number =>
        planFor({ ...workload, streamShare }, measured, 0).processor.busy.value;
      assert.ok(busy(1) <= busy(0));
    }),
  );
});

test('bytes are bytes, bits are bits, seconds are seconds', () => {
  const point = measured.bulk.find(({ claimBytes, signed }) => claimBytes === 1_024 && !signed);
  assert.ok(point !== undefined);
  const made = plan({ assertions: 1_000, ingestPerSecond: 0, queriesPerSecond: 0 });
  const within = (value: number, expected: number, share: number): void =>
    assert.ok(Math.abs(value / expected - 1) <= share, `${value} is not about ${expected}`);
  within(made.disk.log.value, 1_000 * point.logBytes, 0.01);
  within(made.disk.store.value, 1_000 * point.storeBytes, 0.1);
  assert.equal(made.network.received.value, 0);
  assert.equal(made.processor.busy.value, 0);

  // One claim a second, in plain figures: a request of its bytes, a sync, its share of a thread.
  const one = plan({ assertions: 1, ingestPerSecond: 1, queriesPerSecond: 0 });
  const single = measured.single.find(({ claimBytes, signed }) => claimBytes === 1_024 && !signed);
  assert.ok(single !== undefined);
  within(one.network.received.value, 8 * single.requestBytes, 0.02);
  within(one.processor.busy.value, single.mainThreadMicroseconds / 1e6, 0.02);
  assert.equal(one.disk.syncs_at_peak.value, 1);
  within(one.disk.daily_growth.value, 86_400 * (point.logBytes + point.storeBytes), 0.1);
  // 1,000 MiB over 800 Mbit/s take about ten seconds, half of them over twice that.
  const claims = Math.round((1_000 * mebibyte) / point.logBytes);
  const { recovery } = plan({ assertions: claims, linkMbit: 800 });
  const { recovery: faster } = plan({ assertions: claims, linkMbit: 1_600 });
  const saved = recovery.recovery_time.value - faster.recovery_time.value;
  within(saved, (1_000 * mebibyte * 8) / 16e8, 0.02);
});

test('ten million claims come out as the benchmark measured them', () => {
  const largest = measured.sizes.at(-1);
  assert.ok(largest !== undefined);
  // The claims of that work have 990 canonical bytes and no signatures.
  const made = plan({ assertions: largest.claims, claimBytes: 990 });
  const { disk, memory } = made;
  const bytes = (disk.log.value + disk.store.value) / largest.claims;
  assert.ok(Math.abs(bytes / largest.bytesPerClaim - 1) < 0.15, `${bytes} bytes a claim`);
  const mib = (memory.process.value - usual.cacheBytes) / mebibyte;
  assert.ok(Math.abs(mib / largest.memoryMib - 1) < 0.25, `${mib} MiB`);
  assert.equal(recommend(made, usual, measured).verdict, 'measured');
});

test('what is more than a node does is said to be', () => {
  const verdict = (workload: Partial<Workload>): string =>
    recommend(plan(workload), { ...usual, ...workload }, measured).verdict;
  assert.equal(verdict({}), 'measured');
  assert.equal(verdict({ assertions: 20_000_000 }), 'extrapolated');
  assert.equal(verdict({ claimBytes: 100_000 }), 'extrapolated');
  assert.equal(verdict({ assertions: 2_000_000_000 }), 'beyond');
  assert.equal(verdict({ ingestPerSecond: 50_000 }), 'beyond');
  const found = recommend(plan({ queriesPerSecond: 50_000 }), usual, measured);
  assert.match(found.reasons.join(' '), /main thread.*cluster/);
});

test('backups are counted as they are kept', () => {
  // A full one a day for 10 days and the one before, and 24 increments on each of 11 days.
  const often = { retentionDays: 10, fullEveryDays: 1, incrementalHours: 1, archiveSeconds: 0 };
  const { disk, recovery } = plan({ ...often, ingestPerSecond: 0 });
  const expected = 11 * disk.log.value + 11 * 24 * 32 * mebibyte;
  assert.ok(Math.abs(disk.backups.value / expected - 1) < 1e-9);
  assert.equal(recovery.recovery_point.value, 3_600);
});

test('without copies nothing comes back', () => {
  const { recovery, disk } = plan({ retentionDays: 0, archiveSeconds: 0 });
  assert.equal(recovery.recovery_point.value, Number.POSITIVE_INFINITY);
  assert.equal(recovery.recovery_time.value, Number.POSITIVE_INFINITY);
  assert.equal(disk.archive.value + disk.backups.value, 0);
});

test('the figures that plans rest on are sane', () => {
  const { bulk, single, questions, sizes, memory, syncMs } = measured;
  assert.match(measured.date, /^\d{4}-\d\d-\d\d$/);
  assert.match(measured.command, /^npm run bench -- .*--coefficients/);
  assert.doesNotMatch(measured.command, /--smoke/);
  assert.ok(syncMs.p50 > 0 && syncMs.p50 <= syncMs.p99);
  for (const { microseconds, mainThreadMicroseconds, perSecond } of [
    ...bulk,
    ...single,
    ...questions,
  ]) {
    assert.ok(mainThreadMicroseconds > 0 && perSecond > 0);
    // Both are read from the kernel, in steps of ten milliseconds, one after the other.
    assert.ok(microseconds >= mainThreadMicroseconds * 0.95);
  }
  for (const { claimBytes, logBytes, storeBytes, writtenBytes } of bulk) {
    assert.ok(logBytes > claimBytes && logBytes < claimBytes + 1_000);
    assert.ok(storeBytes > 100 && storeBytes < 2_000);
    assert.ok(writtenBytes >= logBytes);
  }
  for (const points of [bulk, single]) {
    const of = (signed: boolean): number =>
      points.find((point) => point.claimBytes === 1_024 && point.signed === signed)?.microseconds ??
      Number.NaN;
    assert.ok(of(true) > of(false), 'a signature costs something');
    assert.ok(new Set(points.map(({ claimBytes }) => claimBytes)).size >= 2, 'a line needs two');
  }
  for (const candidates of new Set(questions.map((point) => point.candidates))) {
    const of = (kind: string): number =>
      questions.find((point) => point.candidates === candidates && point.kind === kind)
        ?.microseconds ?? Number.NaN;
    assert.ok(of('kept') < of('new') && of('new') < of('read'), `${candidates} candidates`);
  }
  assert.ok(memory.every(({ emptyMib, memoryMib }) => emptyMib > 20 && memoryMib > emptyMib));
  assert.ok(sizes.some(({ claims }) => claims >= 10_000_000));
});

test('the sizes are those of bench/RESULTS.md', () => {
  const text = readFileSync(join(root, 'bench/RESULTS.md'), 'utf8');
  for (const size of measured.sizes) {
    const row = text
      .split('\n')
      .find((line) => line.startsWith(`| ${size.claims.toLocaleString('en-US')} |`));
    const cells = (row ?? '').split('|').map((cell) => Number(cell.replaceAll(',', '').trim()));
    assert.deepEqual(
      [cells[2], cells[3], cells[8], cells[9], cells[11]],
      [
        size.loadedPerSecond,
        size.questionsPerSecond,
        size.memoryMib,
        size.readySeconds,
        size.bytesPerClaim,
      ],
    );
  }
});
