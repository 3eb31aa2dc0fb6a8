/** Routes, their description and `docs/http-api.md` name the same calls. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type HttpService, withService } from './service.js';

interface Operation {
  readonly parameters?: readonly { readonly name: string }[];
}
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
  'every route is described, and no other',
  withService(async (service) => {
    const paths = await describe(service);
    const described = Object.keys(paths).map((path) => path.replace(/\{(\w+)\}/, ':$1'));
    const routes = routesOf(service).filter((path) => !path.startsWith('/docs'));
    assert.deepEqual([...described].sort(), [...routes].sort());
    for (const [path, operations] of Object.entries(paths)) {
      const answer = await service.send(path.replace(/\{\w+\}/, '0'), { method: 'OPTIONS' });
      const allowed = (answer.headers.get('allow') ?? '').toLowerCase().split(', ');
      const expected = allowed.filter((method) => method !== 'head');
      assert.deepEqual(Object.keys(operations).sort(), expected.sort(), path);
    }
  }),
);

/** Calls whose fields stand in a table, and the heading above it. */
const fieldTables = [
  ['/v1/query', '## Ask'],
  ['/v1/feed', '## Follow the log'],
] as const;

/** The names in the first column of the table below a heading, sorted. */
const fieldsBelow = (page: string, title: string): readonly string[] => {
  const [, below = ''] = page.split(`\n${title}\n`);
  const [section = ''] = below.split('\n## ');
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const fields = rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/`(\w+)`/g)]);
  return fields.map(([, name = '']) => name).sort();
};

test(
  'docs/http-api.md names every call and every field of a question',
  withService(async (service) => {
    const file = new URL('../../../../../docs/http-api.md', import.meta.url);
    // Commands of the page give ids or variables of the shell, and `/v1/` once for all.
    const page = readFileSync(file, 'utf8').replace(/\/(?:\$\w+|[0-9a-f]{64})/g, '/{id}');
    const paths = await describe(service);
    for (const path of Object.keys(paths)) {
      // One sentence says that each kind that is listed is also read by id.
      const listed = path.replace(/\/\{id\}$/, '');
      const name = (paths[listed]?.get === undefined ? path : listed)
        .replace(/^\/v1\/health\//, '')
        .replace('/errors', 'errors.md')
        .replace('{agent_id}', '{id}')
        .replace(/^\/v1\/(?=.*\{id\})/, '');
      assert.ok(page.includes(name), `${path} is missing`);
    }
    for (const [path, title] of fieldTables) {
      const parameters = paths[path]?.get?.parameters?.map(({ name }) => name) ?? [];
      assert.ok(parameters.length > 4, path);
      assert.deepEqual(fieldsBelow(page, title), [...parameters].sort(), path);
    }
  }),
);
