/** What every `Log` must do while nothing fails. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HlcStamp } from '@stemedb/model';
import { allShards, type Log, type LogEntry, type LogRecord } from '../../src/log/log.js';

export interface LogHarness {
  /** Opens the log; after a `close` the same one again. */
  open(): Promise<Log>;
  dispose(): Promise<void>;
}

/**
 * The record that `number` stands for: kind, shard, length and content follow from it. The kinds
 * are none of ours, because a log carries content that it does not read.
 */
export function entryOf(number: number): LogEntry {
  const entry = known.get(number) ?? makeEntry(number);
  known.set(number, entry);
  return entry;
}

/** The fault tests compare millions of records; making each once is what they can afford. */
const known = new Map<number, LogEntry>();

function makeEntry(number: number): LogEntry {
  return {
    kind: 200 + (number % 9),
    shard: number % 5 === 0 ? allShards : number % 256,
    stamp: number.toString(16).padStart(32, '0') as HlcStamp,
    proof: (['signature', 'credential', 'node'] as const)[number % 3] ?? 'node',
    bytes: new TextEncoder().encode(`{"n":${number},"s":"${'x'.repeat((number * 37) % 600)}"}`),
  };
}

export function entries(from: number, count: number): readonly LogEntry[] {
  return Array.from({ length: count }, (_, index) => entryOf(from + index));
}

export function assertRecord(record: LogRecord, number = record.sequence): void {
  const { sequence: _sequence, offset: _offset, bytes, ...rest } = record;
  const { bytes: expected, ...expectedRest } = entryOf(number);
  assert.deepEqual(rest, expectedRest);
  assert.equal(Buffer.compare(bytes, expected), 0, `the bytes of record ${number}`);
}

export async function collect(records: AsyncIterable<readonly LogRecord[]>): Promise<LogRecord[]> {
  const all: LogRecord[] = [];
  for await (const chunk of records) all.push(...chunk);
  return all;
}

export async function appendAll(log: Log, from: number, count: number): Promise<readonly number[]> {
  const appended = await log.append(entries(from, count));
  if (!appended.ok) throw new Error(appended.error.detail);
  assert.equal(appended.value.firstSequence, from);
  return appended.value.offsets;
}

type Body = (harness: LogHarness) => Promise<void>;

const rules: readonly (readonly [string, Body])[] = [
  [
    'is empty at first',
    async ({ open }) => {
      const log = await open();
      assert.equal(log.lastSequence, 0);
      assert.equal(log.durableSequence, 0);
      assert.equal(log.lastStamp, undefined);
      assert.match(log.logId, /^[0-9a-f]{32}$/);
      assert.deepEqual(await collect(log.iterate({ sequence: 1 })), []);
      await log.close();
    },
  ],
  [
    'numbers without gaps and reads each record by its place',
    async ({ open }) => {
      const log = await open();
      const places = [...(await appendAll(log, 1, 1)), ...(await appendAll(log, 2, 40))];
      assert.equal(log.lastSequence, 41);
      assert.equal(log.durableSequence, 41);
      assert.equal(log.lastStamp, entryOf(41).stamp);
      for (const [index, offset] of places.entries()) {
        const read = log.read(index + 1, offset);
        if (!read.ok) throw new Error(read.error.detail);
        assert.deepEqual([read.value.sequence, read.value.offset], [index + 1, offset]);
        assertRecord(read.value);
      }
      await log.close();
    },
  ],
  [
    'refuses a place where the record does not stand',
    async ({ open }) => {
      const log = await open();
      const [first = 0, second = 0] = await appendAll(log, 1, 2);
      for (const [sequence, offset] of [
        [1, second],
        [2, first],
        [1, first + 1],
        [3, second],
        [2, second + 100_000],
      ] as const) {
        const read = log.read(sequence, offset);
        assert.equal(read.ok ? 'ok' : read.error.code, 'log_corrupt');
      }
      await log.close();
    },
  ],
  [
    'iterates in order from any record, with and without its place',
    async ({ open }) => {
      const log = await open();
      const places = [...(await appendAll(log, 1, 100)), ...(await appendAll(log, 101, 100))];
      for (const sequence of [1, 2, 57, 101, 200, 201]) {
        const offset = places[sequence - 1];
        for (const from of [{ sequence }, { sequence, ...(offset && { offset }) }]) {
          const records = await collect(log.iterate(from));
          assert.equal(records.length, 201 - sequence);
          for (const [index, record] of records.entries()) {
            assert.equal(record.sequence, sequence + index);
            assert.equal(record.offset, places[record.sequence - 1]);
            assertRecord(record);
          }
        }
      }
      await log.close();
    },
  ],
  [
    'gives a shard its records and those of all shards',
    async ({ open }) => {
      const log = await open();
      await appendAll(log, 1, 300);
      const records = await collect(log.iterate({ sequence: 1, shard: 7 }));
      const expected = entries(1, 300).filter(({ shard }) => shard === 7 || shard === allShards);
      assert.ok(expected.some(({ shard }) => shard === 7));
      assert.equal(records.length, expected.length);
      for (const record of records) assertRecord(record);
      await log.close();
    },
  ],
  [
    'keeps unknown kinds, empty and large content as they came',
    async ({ open }) => {
      const log = await open();
      const large = new Uint8Array(3_000_000).fill(0xfe);
      const batch = [new Uint8Array(0), large].map((bytes) => ({
        ...entryOf(1),
        kind: 250,
        bytes,
      }));
      const appended = await log.append(batch);
      assert.ok(appended.ok);
      const records = await collect(log.iterate({ sequence: 1 }));
      assert.deepEqual(
        records.map(({ kind, bytes }) => [kind, Buffer.from(bytes).equals(large)]),
        [
          [250, false],
          [250, true],
        ],
      );
      const read = log.read(2, appended.value.offsets[1] ?? 0);
      assert.ok(read.ok && Buffer.from(read.value.bytes).equals(large));
      await log.close();
    },
  ],
  [
    'goes on after closing and opening, marks in between',
    async ({ open }) => {
      let log = await open();
      await appendAll(log, 1, 10);
      assert.ok((await log.mark()).ok);
      await appendAll(log, 11, 10);
      const { logId } = log;
      await log.close();
      await log.close();
      log = await open();
      assert.equal(log.logId, logId);
      assert.equal(log.lastSequence, 20);
      assert.equal(log.lastStamp, entryOf(20).stamp);
      await appendAll(log, 21, 10);
      const records = await collect(log.iterate({ sequence: 1 }));
      assert.equal(records.length, 30);
      for (const record of records) assertRecord(record);
      await log.close();
    },
  ],
  [
    'keeps the newest stamp, not the last',
    async ({ open }) => {
      let log = await open();
      const stamps = [5, 9, 7].map((number) => entryOf(number));
      assert.ok((await log.append(stamps)).ok);
      assert.equal(log.lastStamp, entryOf(9).stamp);
      await log.close();
      log = await open();
      assert.equal(log.lastStamp, entryOf(9).stamp);
      await log.close();
    },
  ],
  [
    'throws when appends overlap or hold what no frame can',
    async ({ open }) => {
      const log = await open();
      const first = log.append(entries(1, 1));
      await assert.rejects(log.append(entries(2, 1)));
      assert.ok((await first).ok);
      await assert.rejects(log.append([]));
      await assert.rejects(log.append([{ ...entryOf(2), kind: 0 }]));
      await assert.rejects(log.append([{ ...entryOf(2), shard: 256 }]));
      assert.equal(log.lastSequence, 1);
      await log.close();
    },
  ],
];

export function logConformance(name: string, make: () => Promise<LogHarness>): void {
  describe(`log conformance: ${name}`, () => {
    for (const [title, body] of rules) {
      it(title, async () => {
        const harness = await make();
        try {
          await body(harness);
        } finally {
          await harness.dispose();
        }
      });
    }
  });
}
