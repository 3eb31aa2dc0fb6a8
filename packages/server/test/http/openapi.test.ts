/** `/openapi.json` is valid, complete and what validates; `/docs` needs nobody else. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { claim, type HttpService, withService } from './service.js';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>;
}
type Content = Readonly<Record<string, { readonly schema: object }>>;
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const describe = async (service: HttpService): Promise<Paths> => {
  const { status, body } = await service.get('/openapi.json');
  assert.equal(status, 200);
  return body.paths as Paths;
};

/** Paths of the routes as the framework prints them: a tree, indented by four columns a level. */
const routesOf = (service: HttpService): readonly string[] => {
  const parents: string[] = [];
  const lines = service.app.printRoutes({ commonPrefix: false }).split('\n');
  return lines.flatMap((line) => {
    const match = /^((?:│ {3}| {4})*)[├└]── (\S+) \(/.exec(line);
    if (match === null) return [];
    const level = (match[1] ?? '').length / 4;
    parents.splice(level, parents.length, `${parents[level - 1] ?? ''}${match[2]}`);
    return [parents[level] ?? ''];
  });
};

test(
  'the description is valid OpenAPI 3.1',
  withService(async (service) => {
    const { body } = await service.get('/openapi.json');
    assert.equal(body.openapi, '3.1.0');
    assert.equal((body.info as { version: string }).version, '1.2.3');
    const result = await new Validator().validate(body);
    assert.ok(result.valid, `${JSON.stringify(result.errors)}`.slice(0, 2000));
  }),
);

test(
  'every route is described, and no other',
  withService(async (service) => {
    const paths = await describe(service);
    const described = Object.keys(paths).map((path) => path.replace('{id}', ':id'));
    const routes = routesOf(service).filter((path) => !path.startsWith('/docs'));
    assert.deepEqual([...described].sort(), [...routes].sort());
    for (const [path, operations] of Object.entries(paths)) {
      const answer = await service.send(path.replace('{id}', '0'), { method: 'OPTIONS' });
      const allowed = (answer.headers.get('allow') ?? '').toLowerCase().split(', ');
      const expected = allowed.filter((method) => method !== 'head');
      assert.deepEqual(Object.keys(operations).sort(), expected.sort(), path);
    }
    const ids = Object.values(paths).flatMap((one) =>
      Object.values(one).map(({ operationId }) => operationId),
    );
    assert.equal(new Set(ids).size, ids.length);
  }),
);

test(
  'what is answered is what is described',
  withService(async (service) => {
    const paths = await describe(service);
    const ajv = new Ajv({ strict: false, allErrors: true, formats: { 'date-time': true } });
    const check = (path: string, method: string, status: string, type: string, body: unknown) => {
      const schema = paths[path]?.[method]?.responses[status]?.content?.[type]?.schema;
      assert.ok(schema !== undefined, `${method} ${path} ${status} has no schema`);
      const isValid = ajv.validate(schema, body);
      assert.ok(isValid, `${method} ${path} ${status}: ${ajv.errorsText()}`);
    };
    const json = 'application/json';
    const problem = 'application/problem+json';
    const created = await service.post(
      '/v1/assert',
      claim({ value: 1, unit: 'u', source: '9'.repeat(64) }),
    );
    check('/v1/assert', 'post', '201', json, created.body);
    const again = await service.post('/v1/assert', created.body.record);
    check('/v1/assert', 'post', '200', json, again.body);
    const refused = await service.post('/v1/assert', { a: 1 });
    check('/v1/assert', 'post', '4XX', problem, refused.body);
    const batch = await service.post('/v1/assert/batch', [claim({ value: 2 }), {}]);
    check('/v1/assert/batch', 'post', '200', json, batch.body);
    for (const lens of ['recency', 'consensus', 'authority', 'layered', 'skeptic']) {
      const question = { prefix: 'test', lens, explain: true };
      const answer = await service.post('/v1/query', question);
      assert.equal((answer.body.results as readonly unknown[]).length, 1);
      check('/v1/query', 'post', '200', json, answer.body);
    }
    const read = await service.get(`/v1/assertions/${created.body.id}`);
    check('/v1/assertions/{id}', 'get', '200', json, read.body);
    check('/v1/health', 'get', '200', json, (await service.get('/v1/health')).body);
    const ready = await service.get('/v1/health/ready');
    check('/v1/health/ready', 'get', '200', json, ready.body);
    service.health = { ready: false, status: 'degraded', reasons: ['The disk failed.'] };
    check('/v1/health', 'get', '503', json, (await service.get('/v1/health')).body);
    const unready = await service.get('/v1/health/ready');
    check('/v1/health/ready', 'get', '5XX', problem, unready.body);
  }),
);

test(
  'docs/http-api.md names every call and every field of a question',
  withService(async (service) => {
    const page = readFileSync(new URL('../../../../../docs/http-api.md', import.meta.url), 'utf8');
    const paths = await describe(service);
    for (const path of Object.keys(paths)) {
      const name = path.replace(/^\/v1\/health\//, '').replace('/errors', 'errors.md');
      assert.ok(page.includes(name), `${path} is missing`);
    }
    const parameters = paths['/v1/query']?.get?.parameters?.map(({ name }) => name) ?? [];
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const fields = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)]);
    const named = fields.map((match) => match[1]);
    assert.ok(parameters.length > 15);
    assert.deepEqual([...named].sort(), [...parameters].sort());
  }),
);

test(
  'the interactive documentation comes from this server alone',
  withService(async (service) => {
    const page = await service.get('/docs/');
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]);
    assert.ok(assets.length >= 5);
    for (const asset of assets) {
      assert.match(asset ?? '', /^\.\/static\//);
      const served = await service.get(`/docs/${asset}`);
      assert.equal(served.status, 200, asset);
      assert.match(served.headers.get('content-security-policy') ?? '', /default-src 'self'/);
    }
    const start = await service.get('/docs/static/swagger-initializer.js');
    // The bundle's own comments may name pages; code that runs may not.
    assert.doesNotMatch(start.text.replace(/\/\/ .*$/gm, ''), /https?:\/\//);
    assert.match(start.text, /validatorUrl":\s*null/);
  }),
);
