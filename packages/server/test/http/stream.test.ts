/** Lines: refusals, progress, the end, any order, and memory that does not grow with the stream. */

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { type JsonObject, type KeyPair, keyPairFromSeed } from '@stemedb/model';
import type { Ingest } from '../../src/ingest/ingest.js';
import { countOf } from '../support/seeded.js';
import type { AnswerLine, HttpService } from './service.js';
import { author, claim, linesOf, signedContent, startMs, withService } from './service.js';

const batch = '/v1/assert/batch';
const steward = keyPairFromSeed(new Uint8Array(32).fill(8));

const endOf = (lines: readonly AnswerLine[]): AnswerLine => {
  const end = lines.at(-1);
  assert.equal(end?.type, 'end', JSON.stringify(end));
  return end ?? {};
};

const refusalsOf = (lines: readonly AnswerLine[]): readonly AnswerLine[] =>
  lines.filter(({ line }) => line !== undefined);

const durableOf = (lines: readonly AnswerLine[]): readonly unknown[] =>
  lines.flatMap((line) => (line.durable_through === undefined ? [] : [line.durable_through]));

test(
  'refused lines are named by number, the others are stored',
  withService(async (service) => {
    const before = service.recordCount;
    const lines = await service.postLines(batch, [
      claim({ value: 1, asserted_at: startMs }),
      '{"concept_path":',
      '',
      claim({ valeu: 1 }),
      claim({ value: 1, asserted_at: startMs }),
      '  \r',
      claim({ value: 2 }),
    ]);
    const refusals = refusalsOf(lines).map(({ line, code }) => [line, code]);
    assert.deepEqual(refusals, [
      [2, 'malformed_json'],
      [4, 'unknown_field'],
    ]);
    assert.match(String(refusalsOf(lines)[1]?.detail), /did you mean "value"/);
    const { position, ...end } = endOf(lines);
    assert.deepEqual(end, { type: 'end', lines: 7, created: 2, duplicate: 1, refused: 2 });
    assert.match(String(position), /^[0-9a-f]{32}\.\d+$/);
    assert.equal(service.recordCount, before + 2);
    assert.ok(durableOf(lines).every((through) => Number(through) <= 7));
  }),
);

test(
  'a stream of nothing ends at once, and the last line needs no line feed',
  withService(async (service) => {
    const type = 'application/x-ndjson';
    const nothing = linesOf((await service.post(batch, '', type)).text);
    assert.deepEqual(nothing, [{ type: 'end', lines: 0, created: 0, duplicate: 0, refused: 0 }]);
    const one = linesOf((await service.post(batch, JSON.stringify(claim()), type)).text);
    assert.equal(endOf(one).created, 1);
  }),
);

test(
  'lines without a time get that of the request, so that sending again adds nothing',
  withService(async (service) => {
    const lines = [claim({ value: 1 }), claim({ value: 2, asserted_at: startMs - 7 })];
    const path = `${batch}?asserted_at=2026-05-01T00:00:00Z`;
    assert.equal(endOf(await service.postLines(path, lines)).created, 2);
    service.target.clock.advance(60_000);
    assert.equal(endOf(await service.postLines(path, lines)).duplicate, 2);
    assert.equal(endOf(await service.postLines(batch, lines)).created, 1);
  }),
);

test(
  'after 1,000 refusals the rest is only counted',
  withService(async (service) => {
    const lines = Array.from({ length: 1005 }, () => '7');
    const answer = await service.postLines(batch, [...lines, claim()]);
    const refusals = refusalsOf(answer);
    assert.equal(refusals.length, 1001);
    assert.equal(refusals[999]?.code, 'invalid_field');
    assert.equal(refusals[1000]?.code, 'too_many_errors');
    assert.equal(refusals[1000]?.line, 1001);
    assert.equal(endOf(answer).refused, 1005);
    assert.equal(endOf(answer).created, 1);
  }),
);

test(
  'a line that is too long is refused, the next one is read',
  withService(
    async (service) => {
      const long = JSON.stringify(claim({ value: 'x'.repeat(2000) }));
      const fits = `${JSON.stringify(claim())}${' '.repeat(1000)}`.slice(0, 1000);
      const lines = await service.postLines(batch, [long, fits, `${fits} `]);
      assert.deepEqual(
        refusalsOf(lines).map(({ line, code }) => [line, code]),
        [
          [1, 'body_too_large'],
          [3, 'body_too_large'],
        ],
      );
      assert.equal(endOf(lines).created, 1);
    },
    { limits: { lineBytesMax: 1000 } },
  ),
);

test(
  'records come in any order: the attestation after what it proves',
  withService(async (service) => {
    const before = service.recordCount;
    const claims = Array.from({ length: 600 }, (_, at) =>
      signedContent('assertion', claim({ value: at })),
    );
    const source = signedContent('source', { title: 'S', uri: 'https://example.org/' });
    const never = signedContent('assertion', claim({ value: 'never attested' }));
    const lines: JsonObject[] = [
      source.content,
      never.content,
      ...claims.map(({ content }) => content),
      ...claims.map(({ attestation }) => attestation),
      source.attestation,
    ];
    const answer = await service.postLines('/v1/records', lines);
    assert.deepEqual(
      refusalsOf(answer).map(({ line, code }) => [line, code]),
      [[2, 'agent_not_proved']],
    );
    const end = endOf(answer);
    assert.equal(end.created, 2 * 601);
    assert.equal(end.refused, 1);
    assert.equal(service.recordCount, before + 2 * 601);
    for (const through of durableOf(answer)) assert.ok(through === 1203 || Number(through) < 1);
    const again = endOf(await service.postLines('/v1/records', lines));
    assert.equal(again.duplicate, 2 * 601);
    assert.equal(service.recordCount, before + 2 * 601);
    const read = await service.get(`/v1/assertions/${claims[0]?.id}`);
    assert.equal(read.body.proof, 'signature');
  }),
);

test(
  'records come in any order: a vote before the claim that it is about',
  withService(async (service) => {
    const { id, content, attestation } = signedContent('assertion', claim({ value: 'later' }));
    const vote = { kind: 'vote', v: 1, asserted_at: startMs, weight: 1 };
    const lines = [
      { ...vote, target: id },
      { ...vote, target: '7'.repeat(64) },
      content,
      attestation,
    ];
    const answer = await service.postLines('/v1/records', lines);
    assert.deepEqual(
      refusalsOf(answer).map(({ line, code }) => [line, code]),
      [[2, 'not_found']],
    );
    // The claim brought its attestation along in its own unit, so the line finds it there.
    const { created, duplicate } = endOf(answer);
    assert.deepEqual([created, duplicate], [2, 1]);
  }),
);

test(
  'records come in any order: a transition before the claims that its parent comes from',
  withService(
    async (service) => {
      const at = (second: number) => ({ asserted_at: startMs - 10_000 + second * 1000 });
      const first = signedContent('assertion', claim(at(1)));
      const next = (second: number, parent: string, lifecycle: string, signer?: KeyPair) =>
        signedContent('assertion', claim({ ...at(second), parent, lifecycle }), signer);
      const reviewed = next(2, first.id, 'under_review');
      const approved = next(3, reviewed.id, 'approved', steward);
      const deprecated = next(4, approved.id, 'deprecated');
      const chain = [approved, deprecated, reviewed, first];
      // What came too early to be judged is judged on reading; what was judged too early, again.
      const lines = chain.flatMap(({ attestation, content }) => [attestation, content]);
      const answer = await service.postLines('/v1/records', lines);
      assert.deepEqual(refusalsOf(answer), []);
      const { body } = await service.get(`/v1/assertions/${deprecated.id}`);
      assert.deepEqual([body.lifecycle, body.voice_of], ['deprecated', first.id]);
      const alone = next(5, approved.id, 'rejected');
      const refused = await service.postLines('/v1/records', [alone.attestation, alone.content]);
      assert.deepEqual(
        refusalsOf(refused).map(({ line, code }) => [line, code]),
        [[2, 'transition_not_allowed']],
      );
    },
    { limits: { groupLinesMax: 2, groupsInFlightMax: 1 }, policy: { stewards: [steward.agentId] } },
  ),
);

test(
  'lines that wait for their attestation are bounded',
  withService(
    async (service) => {
      const claims = Array.from({ length: 40 }, (_, at) =>
        signedContent('assertion', claim({ value: at })),
      );
      const lines = [...claims.map((one) => one.content), ...claims.map((one) => one.attestation)];
      const answer = await service.postLines('/v1/records', lines);
      const refusals = refusalsOf(answer);
      assert.ok(refusals.length > 0 && refusals.length <= 30);
      for (const { detail } of refusals) assert.match(String(detail), /before the records/);
      assert.equal(endOf(answer).created, 80 - refusals.length);
    },
    { limits: { setAsideLinesMax: 10, groupLinesMax: 4 } },
  ),
);

test(
  'a record states its kind, and a policy comes from the configuration only',
  withService(async (service) => {
    const before = service.recordCount;
    const answer = await service.postLines('/v1/records', [
      claim(),
      claim({ kind: 'assertoin' }),
      '[]',
      claim({ kind: 'policy' }),
      { kind: 'vote', target: 'a'.repeat(64), weight: 1 },
    ]);
    assert.deepEqual(
      refusalsOf(answer).map(({ code }) => code),
      ['missing_field', 'invalid_field', 'invalid_field', 'forbidden', 'not_found'],
    );
    assert.match(String(refusalsOf(answer)[1]?.detail), /assertion/);
    assert.equal(service.recordCount, before);
  }),
);

test(
  'after a failure of the node the answer has no end, and names how far it came',
  withService(
    async (service) => {
      const lines = Array.from({ length: 20 }, (_, at) => claim({ value: at }));
      const answer = await service.postLines(batch, lines);
      assert.deepEqual(answer.at(-1), { type: 'error', code: 'log_failed', detail: 'Broken.' });
      assert.deepEqual(durableOf(answer), [4, 8]);
      const array = await service.post(batch, lines.slice(0, 4));
      assert.equal(array.status, 503);
      assert.equal(array.body.code, 'log_failed');
    },
    {
      limits: { groupLinesMax: 4, groupsInFlightMax: 1 },
      replace: (deps) => ({ ...deps, ingest: failingAfter(deps.ingest, 2) }),
    },
  ),
);

/** An ingest whose log fails after so many calls. */
const failingAfter = (ingest: Ingest, calls: number): Ingest => {
  let left = calls;
  return {
    submit: (principal, submission) => ingest.submit(principal, submission),
    submitConcurrently: (principal, submission) => ingest.submitConcurrently(principal, submission),
    submitAll: async (principal, submissions) => {
      left -= 1;
      if (left >= 0) return ingest.submitAll(principal, submissions);
      return submissions.map(() => ({
        ok: false,
        error: { code: 'log_failed', detail: 'Broken.' },
      }));
    },
    merge: (records) => ingest.merge(records),
    settle: () => ingest.settle(),
    queueLength: 0,
  };
};

test(
  'a full write queue slows the sender down and refuses nothing',
  withService(
    async (service) => {
      const lines = Array.from({ length: 100 }, (_, at) => claim({ value: at }));
      assert.equal(endOf(await service.postLines(batch, lines)).created, 100);
    },
    { replace: (deps) => ({ ...deps, ingest: oftenFull(deps.ingest) }) },
  ),
);

/** An ingest that refuses every other submission of a call as `overloaded`. */
const oftenFull = (ingest: Ingest): Ingest => ({
  submit: (principal, submission) => ingest.submit(principal, submission),
  submitConcurrently: (principal, submission) => ingest.submitConcurrently(principal, submission),
  submitAll: async (principal, submissions) => {
    const taken = submissions.filter((_, at) => at % 2 === 0);
    const answers = (await ingest.submitAll(principal, taken))[Symbol.iterator]();
    return submissions.map((_, at) => {
      const full = { ok: false, error: { code: 'overloaded', detail: 'Full.' } } as const;
      return at % 2 === 0 ? (answers.next().value ?? full) : full;
    });
  },
  merge: (records) => ingest.merge(records),
  settle: () => ingest.settle(),
  queueLength: 0,
});

/** Sends lines as fast as the server takes them; resolves with the answer and what it cost. */
const pour = (
  service: HttpService,
  count: number,
): Promise<{ readonly text: string; readonly heapGrewBytes: number }> =>
  new Promise((resolve, reject) => {
    const line = `${JSON.stringify(claim({ asserted_at: startMs, agent_id: author.agentId }))}\n`;
    const chunk = line.repeat(100);
    const call = request(
      { port: service.port, path: batch, method: 'POST' },
      async (answer): Promise<void> => {
        let text = '';
        for await (const part of answer) text += String(part);
        resolve({ text, heapGrewBytes });
      },
    );
    call.on('error', reject);
    call.setHeader('content-type', 'application/x-ndjson');
    const heapBefore = process.memoryUsage().heapUsed + process.memoryUsage().external;
    let heapGrewBytes = 0;
    let left = count / 100;
    const more = (): void => {
      const { heapUsed, external } = process.memoryUsage();
      heapGrewBytes = Math.max(heapGrewBytes, heapUsed + external - heapBefore);
      while (left > 0) {
        left -= 1;
        if (!call.write(chunk)) {
          call.once('drain', more);
          return;
        }
      }
      call.end();
    };
    more();
  });

test(
  'very many lines are decided in bounded memory',
  withService(async (service) => {
    const count = countOf(20_000, 1_000_000);
    const { text, heapGrewBytes } = await pour(service, count);
    const lines = linesOf(text);
    assert.equal(endOf(lines).lines, count);
    assert.equal(endOf(lines).refused, count);
    assert.equal(refusalsOf(lines).length, 1001);
    const bytesMax = 256 * 1024 * 1024;
    assert.ok(heapGrewBytes < bytesMax, `the heap grew by ${heapGrewBytes} bytes`);
  }),
);

/** An ingest that decides nothing until it is released, and then refuses everything. */
class StalledIngest implements Ingest {
  readonly queueLength = 0;
  calls = 0;
  release: () => void = () => undefined;
  readonly #released = new Promise<void>((resolve) => {
    this.release = resolve;
  });

  async submit(): Promise<typeof refused> {
    await this.#released;
    return refused;
  }

  submitConcurrently(): Promise<typeof refused> {
    return this.submit();
  }

  async submitAll(
    _principal: unknown,
    submissions: readonly unknown[],
  ): Promise<readonly (typeof refused)[]> {
    this.calls += 1;
    await this.#released;
    return submissions.map(() => refused);
  }

  merge(): never {
    throw new Error('Nothing is merged here.');
  }

  async settle(): Promise<void> {}
}

const refused = { ok: false, error: { code: 'invalid_field', detail: 'No.' } } as const;

/** Resolves with the value when it has stood still for a while. */
const settled = async (read: () => number): Promise<number> => {
  for (;;) {
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 250));
    // A machine that is busy may not have begun yet.
    if (before > 0 && read() === before) return before;
  }
};

const stalled = new StalledIngest();

test(
  'while lines wait to be decided, the server reads no further',
  withService(
    async (service) => {
      let taken = (): number => 0;
      service.app.server.once('connection', (socket) => {
        taken = () => socket.bytesRead;
      });
      const line = `${JSON.stringify(claim({ value: 'x'.repeat(64_000) }))}\n`;
      const call = request({ port: service.port, path: batch, method: 'POST' });
      call.setHeader('content-type', 'application/x-ndjson');
      const answered = new Promise<string>((resolve) => {
        call.once('response', async (answer) => {
          let text = '';
          for await (const part of answer) text += String(part);
          resolve(text);
        });
      });
      for (let at = 0; at < 500; at += 1) call.write(line);
      call.end();
      while (stalled.calls === 0) await new Promise((resolve) => setTimeout(resolve, 10));
      const takenBytes = await settled(taken);
      // As many lines as two groups of four have, and what was read with the last of them.
      assert.equal(stalled.calls, 8);
      assert.ok(takenBytes < 12 * line.length, `${takenBytes} bytes were read`);
      stalled.release();
      assert.equal(endOf(linesOf(await answered)).refused, 500);
      assert.ok(taken() > 500 * line.length);
    },
    {
      limits: { groupLinesMax: 4, groupsInFlightMax: 2 },
      replace: (deps) => ({ ...deps, ingest: stalled }),
    },
  ),
);

test(
  'a sender that is gone ends its stream, and the server goes on',
  withService(async (service) => {
    const call = request({ port: service.port, path: batch, method: 'POST' });
    call.on('error', () => undefined);
    call.setHeader('content-type', 'application/x-ndjson');
    const first = new Promise((resolve) => {
      call.once('response', (answer) => answer.once('data', resolve));
    });
    call.write(`${JSON.stringify(claim({ value: 1 }))}\n${JSON.stringify(claim())}`);
    assert.match(String(await first), /durable_through/);
    call.destroy();
    const after = await service.postLines(batch, [claim({ value: 2 })]);
    assert.equal(endOf(after).created, 1);
    const answer = await service.get('/v1/skeptic', { prefix: 'test' });
    const [result] = answer.body.results as readonly { values: readonly { value: unknown }[] }[];
    assert.deepEqual(result?.values.map(({ value }) => value).sort(), [1, 2]);
  }),
);
