/** Writes: what one claim, a batch array and a source answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalBytes, type JsonValue, recordIdOf } from '@stemedb/model';
import { assertProblem, claim, signedContent, startMs, withService } from './service.js';

test(
  'a claim is created once, and found again by the id of what was answered',
  withService(async (service) => {
    const before = service.recordCount;
    const created = await service.post('/v1/assert', claim());
    assert.equal(created.status, 201, created.text);
    assert.equal(created.body.status, 'created');
    assert.equal(created.body.id, recordIdOf(canonicalBytes(created.body.record as JsonValue)));
    assert.equal((created.body.record as { asserted_at: number }).asserted_at, startMs);
    assert.equal(created.body.recorded_at, '2026-06-01T00:00:00.000Z');
    assert.match(String(created.body.recorded_stamp), /^[0-9a-f]{32}$/);
    assert.match(String(created.body.position), /^[0-9a-f]{32}\.\d+$/);
    assert.equal(created.body.warnings, undefined);
    const again = await service.post('/v1/assert', created.body.record);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, { ...created.body, status: 'duplicate' });
    assert.equal(service.recordCount, before + 1);
    const read = await service.get(`/v1/assertions/${created.body.id}`);
    assert.deepEqual(read.body.record, created.body.record);
  }),
);

test(
  'a duplicate keeps the signature that comes with it',
  withService(async (service) => {
    const unsigned = await service.post('/v1/assert', claim({ asserted_at: startMs }));
    const { agent_id: node } = unsigned.body.record as { agent_id: string };
    const signed = signedContent('assertion', claim());
    assert.equal((await service.post('/v1/assert', signed.body)).status, 201);
    const other = signedContent('assertion', claim({ agent_id: node }));
    assert.equal(other.id, unsigned.body.id);
    const again = await service.post('/v1/assert', {
      ...claim({ asserted_at: startMs }),
      signatures: [{ agent_id: signed.content.agent_id, signature: other.signature }],
    });
    assert.equal(again.status, 200, again.text);
    const read = await service.get(`/v1/assertions/${unsigned.body.id}`);
    const expected = [{ agent_id: signed.content.agent_id, signature: other.signature }];
    assert.deepEqual(read.body.signatures, expected);
    assert.equal(read.body.proof, 'node');
    const first = await service.get(`/v1/assertions/${signed.id}`);
    assert.equal(first.body.proof, 'signature');
  }),
);

test(
  'an unknown reference is a warning, not a refusal',
  withService(async (service) => {
    const answer = await service.post('/v1/assert', claim({ source: '9'.repeat(64) }));
    assert.equal(answer.status, 201);
    const [warning] = answer.body.warnings as readonly { code: string; pointer: string }[];
    assert.equal(warning?.code, 'unknown_reference');
    assert.equal(warning?.pointer, '/source');
  }),
);

test(
  'times may be RFC 3339 and are stored as milliseconds',
  withService(async (service) => {
    const stated = claim({ asserted_at: '2026-05-01T02:00:00.5+02:00' });
    const answer = await service.post('/v1/assert', stated);
    assert.equal(answer.status, 201, answer.text);
    const record = answer.body.record as { asserted_at: number };
    assert.equal(record.asserted_at, Date.UTC(2026, 4, 1) + 500);
  }),
);

test(
  'a source is registered, cited and read',
  withService(async (service) => {
    const source = { title: 'A leaflet', uri: 'https://example.org/leaflet', class: 'clinical' };
    const created = await service.post('/v1/sources', source);
    assert.equal(created.status, 201, created.text);
    const cited = await service.post('/v1/assert', claim({ source: created.body.id as string }));
    assert.equal(cited.body.warnings, undefined);
    const read = await service.get(`/v1/sources/${created.body.id}`);
    assert.equal((read.body.record as { title: string }).title, 'A leaflet');
    const asRecord = await service.get(`/v1/records/${created.body.id}`);
    assert.deepEqual({ ...asRecord.body, effective: true }, read.body);
    const wrongKind = await service.get(`/v1/assertions/${created.body.id}`);
    assertProblem(wrongKind, 'not_found');
    const large = await service.post('/v1/sources', {
      ...source,
      content: 'x'.repeat(1024 * 1024),
    });
    assert.equal(large.status, 201);
  }),
);

test(
  'a batch array is answered in its order, each element decided alone',
  withService(async (service) => {
    const before = service.recordCount;
    const answer = await service.post('/v1/assert/batch', [
      claim({ value: 1, asserted_at: startMs }),
      claim({ valeu: 2 }),
      claim({ value: 1, asserted_at: startMs }),
      7,
      claim({ value: 3 }),
    ]);
    assert.equal(answer.status, 200);
    const results = answer.body.results as readonly Record<string, unknown>[];
    const statuses = results.map(({ status }) => status);
    const [first, second, third, fourth] = results;
    assert.deepEqual(statuses, ['created', 'refused', 'duplicate', 'refused', 'created']);
    assert.equal(first?.id, third?.id);
    assert.equal(second?.code, 'unknown_field');
    assert.match(String(second?.detail), /did you mean "value"/);
    assert.equal(fourth?.code, 'invalid_field');
    assert.equal(answer.body.created, 2);
    assert.equal(answer.body.duplicate, 1);
    assert.equal(answer.body.refused, 2);
    assert.equal(service.recordCount, before + 2);
    assert.equal(answer.body.position, results[4]?.position);
  }),
);

test(
  'a batch array fills the time of the request, and has at most 1,000 elements',
  withService(async (service) => {
    const path = '/v1/assert/batch';
    const answer = await service.post(`${path}?asserted_at=${startMs - 5}`, [
      claim(),
      claim({ asserted_at: startMs - 9 }),
    ]);
    const results = answer.body.results as readonly { record: { asserted_at: number } }[];
    const times = results.map(({ record }) => record.asserted_at);
    assert.deepEqual(times, [startMs - 5, startMs - 9]);
    const count = service.recordCount;
    const many = Array.from({ length: 1001 }, (_, at) => claim({ value: at }));
    assertProblem(await service.post(path, many), 'body_too_large');
    assertProblem(await service.post(path, claim()), 'invalid_field', '');
    assertProblem(
      await service.post(`${path}?asserted_at=soon`, []),
      'invalid_field',
      '/asserted_at',
    );
    assertProblem(await service.post(`${path}?at=1`, []), 'unknown_field', '/at');
    assert.equal(service.recordCount, count);
    assert.equal((await service.post(path, many.slice(0, 1000))).body.created, 1000);
  }),
);
