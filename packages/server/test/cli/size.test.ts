/** `stemedb size` as a user meets it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from './harness.js';

const words = (given: Readonly<Record<string, string>>): readonly string[] =>
  Object.entries(given).flatMap(([name, value]) => [`--${name}`, value]);

const usual = {
  assertions: '1000000',
  'queries-per-second': '50',
  'ingest-per-second': '5',
  'retention-days': '14',
};

const io = {
  io: {
    services: new Proxy({} as never, {
      get: (_, name) =>
        name === 'memoryBytesMax' ? async (cacheBytes: number) => 2 ** 30 + cacheBytes : undefined,
    }),
  },
};

test('size prints what is needed, and where the figures come from', async () => {
  const { exit, out, err } = await run(['size', ...words(usual)], io);
  assert.equal(exit, 0, err);
  for (const text of ['main thread busy', 'volume of the log', 'One node will do', 'MemoryMax=']) {
    assert.ok(out.includes(text), text);
  }
  assert.match(err, /measured on \d{4}-\d\d-\d\d by `npm run bench/);
  const explained = await run(['size', ...words(usual), '--explain'], io);
  assert.match(explained.out, /^log: .* bytes = 1,000,000 claims x [\d,]+ bytes$/m);
});

test('size --json has every input, figure and limit', async () => {
  const { exit, out } = await run(['size', '--json', ...words(usual)], io);
  assert.equal(exit, 0);
  const { workload, plan, recommendation, measurement } = JSON.parse(out);
  assert.equal(workload.assertions, 1_000_000);
  assert.equal(workload.queries_per_second, 50);
  assert.deepEqual(Object.keys(plan), ['processor', 'memory', 'disk', 'network', 'recovery']);
  assert.equal(plan.disk.log.unit, 'bytes');
  assert.equal(recommendation.verdict, 'measured');
  assert.ok(recommendation.limits.memory_max_bytes > recommendation.limits.memory_high_bytes);
  assert.match(measurement.machine, /Node\.js/);
});

test('what one node does not do ends with 1', async () => {
  const more = { ...usual, 'queries-per-second': '100000' };
  const { exit, out } = await run(['size', ...words(more)], io);
  assert.equal(exit, 1);
  assert.match(out, /more than one node does[\s\S]*wait for the cluster/);
});

test('size refuses what makes no sense and says which option', async () => {
  const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ assertions: '-5' }, /--assertions.*whole number/s],
    [{ assertions: '1.5' }, /--assertions.*whole number/s],
    [{ 'queries-per-second': 'many' }, /--queries-per-second.*number from 0/s],
    [{ 'ingest-per-second': '1e3' }, /--ingest-per-second.*number from 0/s],
    [{ 'retention-days': '-1' }, /--retention-days.*number from 0/s],
    [{ 'claim-bytes': '10' }, /--claim-bytes.*from 200/s],
    [{ 'signed-share': '2' }, /--signed-share.*from 0 to 1/s],
    [{ peak: '0.5' }, /--peak.*from 1/s],
    [{ 'link-mbit': '0' }, /--link-mbit.*from 1/s],
  ];
  for (const [given, complaint] of wrong) {
    const { exit, out, err } = await run(['size', ...words({ ...usual, ...given })], io);
    assert.equal(exit, 2, JSON.stringify(given));
    assert.match(err, complaint);
    assert.equal(out, '');
  }
  const { exit, err } = await run(['size', '--assertions', '5']);
  assert.equal(exit, 2);
  assert.match(err, /--queries-per-second/);
});
