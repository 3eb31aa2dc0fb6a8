import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type JsonObject, parseJson } from '@stemedb/model';
import { type RefusedLine, StemeClient, StemeClientError, signerFromSeed } from '../src/index.js';
import { type Answer, fakeClock, hangUp, json, ndjson, startServer } from './fake_server.js';

const claims = (count: number): { concept_path: string; predicate: string; value: number }[] =>
  Array.from({ length: count }, (_, index) => ({
    concept_path: `c/${index}`,
    predicate: 'p',
    value: index,
  }));

const linesOf = (body: string | undefined): readonly JsonObject[] =>
  (body ?? '')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const parsed = parseJson(line);
      assert.ok(parsed.ok);
      return parsed.value as JsonObject;
    });

const values = (body: string | undefined): readonly unknown[] =>
  linesOf(body).map(({ value }) => value);

const end = (lines: number, refused = 0): JsonObject => ({
  type: 'end',
  lines,
  created: lines - refused,
  duplicate: 0,
  refused,
  position: `log.${lines}`,
});

/** Takes every line, as the server does when nothing goes wrong. */
const takesAll: Answer = (response, seen) =>
  ndjson([end(linesOf(seen.body).length)])(response, seen);

for (const streamBodies of [true, false]) {
  const how = streamBodies ? 'streamed' : 'whole';

  test(`an input is cut into requests of the size asked for (${how})`, async (context) => {
    const server = await startServer(context, [takesAll]);
    const client = new StemeClient({ url: server.url, streamBodies });
    const answer = await client.assertMany(claims(7), { linesPerRequest: 3 });
    assert.deepEqual(
      server.seen.map(({ body }) => values(body)),
      [[0, 1, 2], [3, 4, 5], [6]],
    );
    assert.equal(server.seen[0]?.headers['content-type'], 'application/x-ndjson');
    const { refusals, ...counts } = answer;
    assert.deepEqual(refusals, []);
    assert.deepEqual(counts, {
      lines: 7,
      created: 7,
      duplicate: 0,
      refused: 0,
      kept: 0,
      position: 'log.1',
    });
  });
}

test('a request never has more than 10,000 lines', async (context) => {
  const server = await startServer(context, [takesAll]);
  const client = new StemeClient({ url: server.url });
  const answer = await client.assertMany(claims(20_001), { linesPerRequest: 1e9 });
  assert.equal(answer.lines, 20_001);
  assert.deepEqual(
    server.seen.map(({ body }) => linesOf(body).length),
    [10_000, 10_000, 1],
  );
});

test('every line has author and time before the first try, and is signed', async (context) => {
  const signer = signerFromSeed(new Uint8Array(32).fill(3));
  const server = await startServer(context, [hangUp, takesAll]);
  const client = new StemeClient({ url: server.url, signer, clock: fakeClock() });
  await client.assertMany(claims(3));
  assert.equal(server.seen.length, 2);
  assert.equal(server.seen[0]?.body, server.seen[1]?.body);
  for (const line of linesOf(server.seen[1]?.body)) {
    assert.equal(line.agent_id, signer.agentId);
    assert.equal(line.asserted_at, 1_700_000_000_000);
    assert.equal((line.signatures as readonly unknown[]).length, 1);
  }
});

for (const cut of [true, false]) {
  const how = cut ? 'a connection dropped in the middle' : 'an answer without end';

  test(`${how} goes on after the last durable_through`, async (context) => {
    const server = await startServer(context, [
      ndjson([{ durable_through: 2 }, { durable_through: 4 }], cut),
      takesAll,
    ]);
    const clock = fakeClock();
    const answer = await new StemeClient({ url: server.url, clock }).assertMany(claims(6));
    assert.deepEqual(
      server.seen.map(({ body }) => values(body)),
      [
        [0, 1, 2, 3, 4, 5],
        [4, 5],
      ],
    );
    assert.equal(answer.lines, 6);
    assert.equal(answer.kept, 4);
    assert.equal(answer.created, 2);
    assert.equal(clock.waits.length, 1);
  });
}

test('refusals carry the number of the line in the whole input, each once', async (context) => {
  const refused = (line: number): JsonObject => ({ line, code: 'invalid_field', detail: 'no' });
  const server = await startServer(context, [
    // Line 4 is refused as well, but after the last durable_through: it is decided again.
    ndjson([refused(1), { durable_through: 3 }, refused(4)], true),
    ndjson([refused(1), end(2, 1)]),
    ndjson([refused(2), end(2, 1)]),
  ]);
  const client = new StemeClient({ url: server.url, clock: fakeClock() });
  const seen: RefusedLine[] = [];
  const answer = await client.assertMany(claims(7), {
    linesPerRequest: 5,
    onRefused: (line) => seen.push(line),
  });
  assert.deepEqual(
    seen.map(({ line }) => line),
    [1, 4, 7],
  );
  assert.deepEqual(answer.refusals, seen);
  assert.equal(answer.refused, 3);
  assert.equal(answer.kept, 2);
  assert.equal(answer.created, 2);
});

test('progress never runs ahead of the refusals in it', async (context) => {
  const refused = (line: number): JsonObject => ({ line, code: 'invalid_field', detail: 'no' });
  const server = await startServer(context, [
    ndjson([refused(2), { durable_through: 3 }, refused(5), { durable_through: 5 }, end(6, 2)]),
  ]);
  const events: string[] = [];
  await new StemeClient({ url: server.url }).assertMany(claims(6), {
    onRefused: ({ line }) => events.push(`refused ${line}`),
    onProgress: (lines) => events.push(`through ${lines}`),
  });
  const expected = ['refused 2', 'through 3', 'refused 5', 'through 5', 'through 6'];
  assert.deepEqual(events, expected);
});

test('too_many_errors is not a line of its own', async (context) => {
  const tooMany = { line: 2, code: 'too_many_errors', detail: 'the rest is only counted' };
  const server = await startServer(context, [
    ndjson([{ line: 1, code: 'invalid_field', detail: 'no' }, tooMany, end(3, 3)]),
  ]);
  const answer = await new StemeClient({ url: server.url }).assertMany(claims(3));
  assert.equal(answer.refused, 3);
  assert.equal(answer.refusals.length, 1);
});

test('a server that makes no progress ends the attempt, with the reason', async (context) => {
  const stop = { type: 'error', code: 'log_failed', detail: 'The disk failed.' };
  const server = await startServer(context, [ndjson([stop])]);
  const client = new StemeClient({
    url: server.url,
    clock: fakeClock(),
    retry: { attemptsMax: 2 },
  });
  await assert.rejects(client.assertMany(claims(2)), (error) => {
    assert.ok(error instanceof StemeClientError);
    return error.code === 'log_failed' && error.detail === 'The disk failed.';
  });
  assert.equal(server.seen.length, 2);
});

test('an answer that always ends early is named incomplete', async (context) => {
  const server = await startServer(context, [ndjson([])]);
  const client = new StemeClient({
    url: server.url,
    clock: fakeClock(),
    retry: { attemptsMax: 2 },
  });
  await assert.rejects(client.assertMany(claims(2)), { code: 'incomplete' });
});

test('progress starts the count of tries afresh', async (context) => {
  const server = await startServer(context, [ndjson([{ durable_through: 1 }], true)]);
  const client = new StemeClient({
    url: server.url,
    clock: fakeClock(),
    retry: { attemptsMax: 2 },
  });
  const answer = await client.assertMany(claims(6));
  assert.equal(answer.kept, 6);
  assert.equal(server.seen.length, 6);
});

test('503 before the stream is waited for; 415 is not', async (context) => {
  const busy = json(503, { code: 'not_ready', detail: 'starting' }, { 'retry-after': '2' });
  const server = await startServer(context, [busy, takesAll]);
  const clock = fakeClock();
  await new StemeClient({ url: server.url, clock }).assertMany(claims(1));
  assert.deepEqual(clock.waits, [2000]);
  const other = await startServer(context, [json(415, { code: 'unsupported_media_type' })]);
  const client = new StemeClient({ url: other.url });
  await assert.rejects(client.assertMany(claims(1)), { code: 'unsupported_media_type' });
  assert.equal(other.seen.length, 1);
});

test('a failing input stops the call with its own error, after what was whole', async (context) => {
  const server = await startServer(context, [takesAll]);
  function* failing(): Generator<ReturnType<typeof claims>[number]> {
    yield* claims(2);
    throw new Error('the source broke');
  }
  const client = new StemeClient({ url: server.url });
  const sent = client.assertMany(failing(), { linesPerRequest: 1 });
  await assert.rejects(sent, /the source broke/);
  assert.equal(server.seen.length, 2);
});

test('records go out in canonical form, text lines as they are', async (context) => {
  const server = await startServer(context, [takesAll]);
  const client = new StemeClient({ url: server.url });
  const text = '{"z": 1, "a": 2}';
  await client.sendRecords([{ z: 1, a: [-0] }, text]);
  assert.equal(server.seen[0]?.url, '/v1/records');
  assert.equal(server.seen[0]?.body, `{"a":[0],"z":1}\n${text}\n`);
  await assert.rejects(client.sendRecords(['{\n}']), /one line/);
});

test('nothing to send makes no request', async (context) => {
  const server = await startServer(context, [takesAll]);
  const answer = await new StemeClient({ url: server.url }).assertMany([]);
  assert.equal(answer.lines, 0);
  assert.equal(answer.position, undefined);
  assert.equal(server.seen.length, 0);
});
