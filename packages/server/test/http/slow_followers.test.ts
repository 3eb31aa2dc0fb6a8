/**
 * A hundred streams of the feed, of which one is not read: it is dropped with its cursor, the
 * others are told everything, writes go on, and what the server holds stays bounded.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FeedRecord } from '@stemedb/model';
import { EventStream } from '../support/event_stream.js';
import { claim, HttpService } from './service.js';

const streamsCount = 100;
/** Of these each tenth follows everything, the others the small records between the large ones. */
const wholeEvery = 10;
const records = 400;
const smallEvery = 10;
/** Each record takes so much: all of them are more than the buffers of a connection hold. */
const valueBytes = 32 * 1024;

const mebibyte = 1024 * 1024;

/** What the process holds outside of the collector's heap: the bytes of records and sockets. */
const heldBytes = (): number => process.memoryUsage().external;

const writeAll = async (service: HttpService): Promise<readonly string[]> => {
  const ids: string[] = [];
  const value = 'x'.repeat(valueBytes);
  for (let at = 0; at < records; at += 1) {
    const isSmall = at % smallEvery === 0;
    const answer = isSmall
      ? await service.post('/v1/epoch', { name: `E${at}` })
      : await service.post('/v1/assert', claim({ value, asserted_at: at }));
    assert.equal(answer.status, 201, answer.text);
    ids.push(String(answer.body.id));
  }
  return ids;
};

/** Follows and keeps ids alone: a hundred times all records would fill this process. */
const followIds = async (
  service: HttpService,
  ids: string[],
  isWhole: boolean,
): Promise<EventStream> => {
  const kind = isWhole ? '' : '&kind=epoch';
  const stream = await EventStream.open(`${service.url}/v1/feed?since=now${kind}`);
  stream.onEvent = ({ type, data }) => {
    if (type === 'message') ids.push((JSON.parse(data) as FeedRecord).id);
  };
  await stream.until(() => stream.lastId !== '');
  return stream;
};

test('one who does not read is dropped with the cursor; nobody else notices', async () => {
  const service = await HttpService.start({ limits: { feedStallMs: 700, feedClosingMs: 60_000 } });
  const told = Array.from({ length: streamsCount - 1 }, (): string[] => []);
  const streams = await Promise.all(
    told.map((ids, at) => followIds(service, ids, at % wholeEvery === 0)),
  );
  const stuck = await EventStream.open(`${service.url}/v1/feed?since=now`);
  await stuck.until(() => stuck.lastId !== '');
  stuck.pause();
  const before = heldBytes();
  let peak = 0;
  const watching = setInterval(() => {
    peak = Math.max(peak, heldBytes() - before);
  }, 20);
  const ids = await writeAll(service);
  for (const [at, stream] of streams.entries()) {
    const isWhole = at % wholeEvery === 0;
    const expected = isWhole ? ids : ids.filter((_, index) => index % smallEvery === 0);
    await stream.until(() => told[at]?.length === expected.length);
    assert.deepEqual(told[at], expected);
  }
  clearInterval(watching);
  // All that was written is 12 MiB; the rest is what streams have under way.
  assert.ok(peak < 128 * mebibyte, `${peak / mebibyte} MiB were held`);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  stuck.resume();
  await stuck.until(() => stuck.events.some(({ type }) => type === 'end'));
  const [end] = stuck.data<{ code: string; cursor: string }>('end');
  assert.equal(end?.code, 'reader_too_slow');
  const seen = stuck.data<FeedRecord>();
  assert.ok(seen.length < records, 'it was dropped before the end');
  assert.equal(end.cursor, seen.at(-1)?.cursor);
  const rest: string[] = [];
  for (let since = end.cursor, more = true; more; ) {
    const { body } = await service.get('/v1/feed', { since, limit: '100' });
    const page = body as { records: FeedRecord[]; next_cursor: string; more: boolean };
    rest.push(...page.records.map(({ id }) => id));
    ({ next_cursor: since, more } = page);
  }
  assert.deepEqual([...seen.map(({ id }) => id), ...rest], ids);
  for (const stream of streams) stream.close();
  await service.close();
});
