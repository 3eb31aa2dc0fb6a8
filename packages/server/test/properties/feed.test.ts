/**
 * The feed is the log: over random histories, readers that page and follow beside the writers, fall
 * back and go on, through restarts, are told every record that their filter passes, each once, in
 * the order of the log, as it stands there, and nothing that is not visible.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FeedRecord, stampMs } from '@stemedb/model';
import type { LogRecord } from '../../src/log/log.js';
import { readChunk } from '../../src/query/feed_chunk.js';
import { beginningOfLog } from '../../src/query/feed_cursor.js';
import { Pace } from '../../src/query/pace.js';
import { RecordReader } from '../../src/query/records.js';
import { SimulatedDisk } from '../simulation/simulated_disk.js';
import {
  historyOf,
  playSteps,
  type SimulatedDatabase,
  simulatedDatabase,
  submit,
} from '../support/databases.js';
import { expectedOf, FeedReader, someFilter } from '../support/feed_readers.js';
import { firstPolicy } from '../support/histories/cast.js';
import { wholeHistory } from '../support/histories/whole.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';

const startMs = Date.UTC(2026, 0, 1);
const paths = ['lab/alpha', 'lab/alpha/one', 'lab/beta', 'fda://drug/x', 'lab'];

const open = (disk: SimulatedDisk, atMs: number): Promise<SimulatedDatabase> =>
  simulatedDatabase({
    ...{ startMs: atMs, identity: 1, policy: firstPolicy, disk },
    // Small, so that a short history falls out of memory and needs many pieces.
    feedLimits: { feedPieceBytesMax: 2000, feedTailBytesMax: 8000, feedPageScanBytesMax: 4000 },
  });

/** Readers at work until told to stop. */
const readBeside = async (
  target: SimulatedDatabase,
  readers: readonly FeedReader[],
  random: Seeded,
  isDone: () => boolean,
): Promise<void> => {
  await Promise.all(
    readers.map(async (reader) => {
      while (!isDone()) {
        await reader.read(target.database, random);
        for (let turns = random.below(8); turns >= 0; turns -= 1) await target.clock.turn();
      }
    }),
  );
};

const compare = (reader: FeedReader, history: readonly LogRecord[]): void => {
  const expected = expectedOf(history, reader.filter);
  const unsure = new Set(expected.flatMap(({ id, isSure }) => (isSure ? [] : [id])));
  const told = reader.records.filter(({ id }) => !unsure.has(id));
  const sure = expected.filter(({ isSure }) => isSure);
  const where = `to ${JSON.stringify(reader.filter)}`;
  const ids = (records: readonly { readonly id: string }[]): string =>
    records.map(({ id }) => id.slice(0, 8)).join(' ');
  assert.ok(ids(told) === ids(sure), `answered otherwise ${where}:\n${ids(told)}\n${ids(sure)}`);
  for (const [at, { record }] of sure.entries()) {
    const one = told[at];
    assert.ok(one !== undefined);
    const { recorded_stamp: stamp, recorded_at: time, proof } = one;
    const says = JSON.stringify([one.record, stamp, Date.parse(time), proof]);
    const content = Buffer.from(record.bytes).toString();
    const stated = `[${content},"${record.stamp}",${stampMs(record.stamp)},"${record.proof}"]`;
    assert.ok(says === stated, `answered otherwise ${where}: ${says} is not ${stated}`);
  }
};

test('a view of an earlier state is told up to its end, whatever came later', async () => {
  const { database, clock } = await open(new SimulatedDisk(), startMs);
  const submitted = async (value: number): Promise<string> => {
    const content = { concept_path: 'lab', predicate: 'n', value, asserted_at: startMs };
    return submit(database, { kind: 'assertion', content });
  };
  const before = [await submitted(1), await submitted(2)];
  const snapshot = database.store.snapshot();
  for (let value = 3; value < 9; value += 1) await submitted(value);
  const reading = {
    snapshot,
    reader: new RecordReader(database.log, snapshot),
    pace: new Pace(clock, 60_000, undefined),
  };
  const chunk = await readChunk(database.log, reading, beginningOfLog, {
    cursorOf: () => 'c',
    paths: false,
    kind: 'assertion',
  });
  snapshot.release();
  assert.ok(chunk.ok);
  const told = chunk.value.entries.map(
    ({ json }) => (JSON.parse(json.toString()) as FeedRecord).id,
  );
  assert.ok(told.join() === before.join(), `answered otherwise: ${told.join(' ')}`);
  const { sequence } = chunk.value.place;
  assert.ok(sequence === snapshot.appliedSequence, `answered otherwise: it goes on at ${sequence}`);
  await database.close();
});

for (const seed of seedsOf(countOf(5, 500))) {
  test(`the feed is the log, whoever reads it however, seed ${seed}`, async () => {
    const random = seeded(seed + 7_000_000);
    const disk = new SimulatedDisk();
    let target = await open(disk, startMs);
    const node = target.database.agentId;
    const steps = wholeHistory(random, { length: 120, startMs, node, deep: seed % 4 === 0 });
    const readers = [{}, ...Array.from({ length: 4 }, () => someFilter(random, paths))].map(
      (filter) => new FeedReader(filter),
    );
    const restartAt = random.below(steps.length);
    for (const part of [steps.slice(0, restartAt), steps.slice(restartAt)]) {
      let isDone = false;
      const reading = readBeside(target, readers, random, () => isDone);
      await playSteps(target, random, part).finally(() => {
        isDone = true;
      });
      await reading;
      for (const reader of readers) reader.stop();
      const nowMs = target.clock.wallMs();
      await target.database.close();
      target = await open(disk, nowMs);
    }
    const history = await historyOf(target);
    for (const reader of readers) {
      await reader.drain(target.database, random);
      compare(reader, history);
    }
    await target.database.close();
  });
}
