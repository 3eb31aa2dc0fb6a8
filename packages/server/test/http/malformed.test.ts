/** Fault 15: malformed bodies on every route get a 4xx with the code of their class. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorTable } from '@stemedb/model';
import { countOf, seeded, seedsOf } from '../support/seeded.js';
import { malformed } from './malformed.js';
import { linesOf, withService } from './service.js';

const routes = [
  ...['/v1/assert', '/v1/assert/batch', '/v1/query', '/v1/sources', '/v1/vote', '/v1/epoch'],
  ...['/v1/supersede', '/v1/alias', '/v1/verdict', `/v1/assertions/${'a'.repeat(64)}/signatures`],
  `/v1/sources/${'a'.repeat(64)}/retract`,
];
const perSeed = 1000;

test(
  'malformed bodies are always refused with a code, and nothing is stored',
  withService(async (service) => {
    const before = service.recordCount;
    for (const seed of seedsOf(countOf(10_000, 1_000_000) / perSeed)) {
      const random = seeded(seed);
      for (let at = 0; at < perSeed; at += 1) {
        const { what, bytes, codes } = malformed(random);
        const answer = await service.app.inject({
          method: 'POST',
          url: random.pick(routes),
          headers: { 'content-type': 'application/json', host: 'localhost' },
          payload: Buffer.from(bytes),
        });
        const { code } = JSON.parse(answer.payload) as { code: keyof typeof errorTable };
        const replay = `STEMEDB_SEED=${seed}, body ${at} (${what}): ${answer.payload}`;
        assert.ok(codes.includes(code), replay);
        assert.equal(answer.statusCode, errorTable[code].status, replay);
        assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, replay);
      }
    }
    assert.equal(service.recordCount, before);
    assert.equal((await service.get('/v1/health/live')).status, 200);
  }),
);

test(
  'malformed lines are refused one by one',
  withService(async (service) => {
    const before = service.recordCount;
    for (const path of ['/v1/assert/batch', '/v1/records']) {
      for (const seed of seedsOf(countOf(2, 100))) {
        const random = seeded(seed);
        const lines = Array.from({ length: 900 }, () => malformed(random)).filter(
          ({ bytes }) => !bytes.includes(0x0a) && !/^[ \t\r]*$/.test(String(Buffer.from(bytes))),
        );
        const body = Buffer.concat(lines.flatMap(({ bytes }) => [bytes, Buffer.from('\n')]));
        const answer = await service.send(path, {
          method: 'POST',
          headers: { 'content-type': 'application/x-ndjson' },
          body,
        });
        const refusals = linesOf(answer.text).filter(({ line }) => line !== undefined);
        assert.equal(refusals.length, lines.length);
        for (const { line, code } of refusals) {
          const sent = lines[Number(line) - 1];
          const codes: readonly unknown[] = sent?.codes ?? [];
          assert.ok(codes.includes(code), `STEMEDB_SEED=${seed}, line ${line} (${sent?.what})`);
        }
      }
    }
    assert.equal(service.recordCount, before);
  }),
);
