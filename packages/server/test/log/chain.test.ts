/** The chain between segments: what their headers carry over from the one before. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LogEntry } from '../../src/log/log.js';
import { collect, entries, entryOf } from '../conformance/log.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import * as world from './script.js';
import { verified } from './verified.js';

const batches = 12;

/** Three segments; `change` may alter records without altering a length. */
async function chained(change: (entry: LogEntry) => LogEntry) {
  const disk = new SimulatedDisk();
  await disk.makeDirectory(world.directory);
  const { log } = await world.open(disk);
  for (let batch = 0; batch < batches; batch += 1) {
    const appended = await log.append(entries(1 + batch * 10, 10).map(change));
    assert.ok(appended.ok);
  }
  await log.close();
  const names = (await disk.list(world.directory)).filter((name) => name.endsWith('.wal'));
  assert.ok(names.length >= 3);
  return { disk, paths: names.map((name) => `${world.directory}/${name}`) };
}

/** Another history of the same database in which every file has the same length. */
const rewritten = (entry: LogEntry): LogEntry => ({
  ...entry,
  bytes: Buffer.from(entry.bytes).fill('y', 10),
});

describe('the chain of segments', () => {
  it('finds a sealed segment of another history, however well it fits', async () => {
    const ours = await chained((entry) => entry);
    const theirs = await chained(rewritten);
    assert.deepEqual(ours.paths, theirs.paths);
    for (const [index, path] of ours.paths.slice(0, -1).entries()) {
      const disk = ours.disk.clone();
      disk.put(path, theirs.disk.peek(path));
      const [first] = (await verified(disk, world.options)).damage;
      assert.match(first?.detail ?? '', /names another last frame of the segment before/);
      if (index === ours.paths.length - 2) {
        assert.match((await world.openError(disk)).detail, /chained to/);
        continue;
      }
      const { log } = await world.open(disk);
      await assert.rejects(collect(log.iterate({ sequence: 1 })), /chained to another frame/);
      await log.close();
    }
  });

  it('goes on where the log was rotated while its end was read', async () => {
    const disk = new SimulatedDisk();
    await disk.makeDirectory(world.directory);
    const { log } = await world.open(disk);
    assert.ok((await log.append(entries(1, 10))).ok);
    for (let first = 1; first <= batches * 10; first += 10) {
      const read: number[] = [];
      for await (const chunk of log.iterate({ sequence: first })) {
        read.push(...chunk.map(({ sequence }) => sequence));
        // The reader stands at the end that it knew when it began.
        if (read.length === 10) assert.ok((await log.append(entries(first + 10, 10))).ok);
      }
      assert.deepEqual(
        read,
        Array.from({ length: 20 }, (_, at) => first + at),
      );
    }
    assert.ok(log.usage.segments >= 3);
    await log.close();
  });

  it('carries the newest stamp past the segment that holds it', async () => {
    const newest = entryOf(1_000_000).stamp;
    const { disk, paths } = await chained((entry) =>
      entry.stamp === entryOf(3).stamp ? { ...entry, stamp: newest } : entry,
    );
    assert.ok(disk.peek(paths[0] ?? '').includes(Buffer.from(newest, 'hex')));
    const { log } = await world.open(disk);
    assert.equal(log.lastStamp, newest);
    await log.close();
  });
});
