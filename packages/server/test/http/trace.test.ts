/** The trace over HTTP: a story of a source that falls, its bounds, and the same as PROV-JSON. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { JsonObject, ProvDocument, TraceAnswer } from '@stemedb/model';
import { assertProblem, claim, type HttpService, withService } from './service.js';

const write = async (service: HttpService, path: string, body: JsonObject): Promise<string> => {
  const answer = await service.post(path, body);
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

interface Story {
  readonly source: string;
  readonly epoch: string;
  readonly first: string;
  readonly derived: string;
  readonly revised: string;
  readonly retraction: string;
}

/** A claim from a source, one derived from it, one that revises that; then the source falls. */
const told = async (service: HttpService): Promise<Story> => {
  const source = await write(service, '/v1/sources', { title: 'T', uri: 'https://a.example/' });
  const epoch = await write(service, '/v1/epoch', { name: 'E' });
  const missing = '9'.repeat(64);
  const first = await write(service, '/v1/assert', claim({ source, epoch, value: 1 }));
  const premises = { derived_from: [first, missing] };
  const derived = await write(service, '/v1/assert', claim({ ...premises, value: 2 }));
  const long = { value: 'x'.repeat(3000), parent: derived };
  const revised = await write(service, '/v1/assert', claim(long));
  const retract = { target: source, action: 'retract', reason: 'withdrawn' };
  const retraction = await write(service, '/v1/supersede', retract);
  return { source, epoch, first, derived, revised, retraction };
};

const traceOf = async (
  service: HttpService,
  id: string,
  query: Readonly<Record<string, string>> = {},
): Promise<TraceAnswer> => {
  const answer = await service.get(`/v1/trace/${id}`, query);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as TraceAnswer;
};

test(
  'a trace goes up to sources, down to dependants, and tells what takes them out',
  withService(async (service) => {
    const { source, epoch, first, derived, revised, retraction } = await told(service);
    const trace = await traceOf(service, derived);
    const states = trace.nodes.map((node) =>
      'kind' in node ? `${node.kind} ${node.id} ${node.state}` : Object.keys(node).join(),
    );
    assert.deepEqual(states, [
      `assertion ${derived} premise_out`,
      `assertion ${first} premise_out`,
      'id,unknown',
      `source ${source} retracted`,
      `epoch ${epoch} in_effect`,
      `supersession ${retraction} in_effect`,
      `assertion ${revised} in_effect`,
    ]);
    const edges = trace.edges.map(({ from, to, type }) => `${from} ${type} ${to}`);
    assert.deepEqual(
      [...edges].sort(),
      [
        `${derived} derived_from ${first}`,
        `${derived} derived_from ${'9'.repeat(64)}`,
        `${first} source ${source}`,
        `${first} epoch ${epoch}`,
        `${retraction} target ${source}`,
        `${revised} parent ${derived}`,
      ].sort(),
    );
    const [, , , fallen, , , last] = trace.nodes;
    assert.ok(fallen !== undefined && 'kind' in fallen && last !== undefined && 'kind' in last);
    assert.equal(fallen.because, retraction);
    assert.equal(fallen.content.title, 'T');
    assert.deepEqual(last.omitted, ['value']);
    assert.equal(trace.truncated, undefined);
    const before = service.target.clock.wallMs() - 1;
    service.target.clock.advance(10);
    assertProblem(
      await service.get(`/v1/trace/${derived}`, { as_of: String(before) }),
      'not_found',
    );
    const near = await traceOf(service, derived, { depth: '1' });
    assert.equal(near.truncated, true);
    assert.equal(near.nodes.length, 4);
  }),
);

test(
  'what is asked wrongly is refused',
  withService(async (service) => {
    const { first } = await told(service);
    const path = `/v1/trace/${first}`;
    assertProblem(await service.get('/v1/trace/x'), 'invalid_field', '/id');
    assertProblem(await service.get(`/v1/trace/${'8'.repeat(64)}`), 'not_found');
    assertProblem(await service.get(path, { depth: '65' }), 'invalid_field', '/depth');
    assertProblem(await service.get(path, { limit: '0' }), 'invalid_field', '/limit');
    assertProblem(await service.get(path, { format: 'xml' }), 'invalid_field', '/format');
    assertProblem(await service.get(path, { deep: '1' }), 'unknown_field', '/deep');
  }),
);

const provOf = async (service: HttpService, id: string): Promise<ProvDocument> => {
  const answer = await service.get(`/v1/trace/${id}`, { format: 'prov-json' });
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as ProvDocument;
};

type Ends = readonly (readonly [name: string, section: string, isRequired: boolean])[];

const entity = 'entity';
const activity = 'activity';
/** Any element may influence any other. */
const element = 'element';

/** PROV-DM, chapter 5, in the names of PROV-JSON: what a relation joins and must have. */
const relations: Readonly<Record<string, Ends>> = {
  wasGeneratedBy: [
    ['prov:entity', entity, true],
    ['prov:activity', activity, false],
  ],
  used: [
    ['prov:activity', activity, true],
    ['prov:entity', entity, false],
  ],
  wasInvalidatedBy: [
    ['prov:entity', entity, true],
    ['prov:activity', activity, false],
  ],
  wasDerivedFrom: [
    ['prov:generatedEntity', entity, true],
    ['prov:usedEntity', entity, true],
  ],
  wasAttributedTo: [
    ['prov:entity', entity, true],
    ['prov:agent', 'agent', true],
  ],
  wasAssociatedWith: [
    ['prov:activity', activity, true],
    ['prov:agent', 'agent', false],
  ],
  wasInfluencedBy: [
    ['prov:influencee', element, true],
    ['prov:influencer', element, true],
  ],
  hadMember: [
    ['prov:collection', entity, true],
    ['prov:entity', entity, true],
  ],
};

const elements = ['entity', 'activity', 'agent'] as const;

/** What is wrong with a document, by the published structure. */
const faultsOf = (document: ProvDocument): readonly string[] => {
  const faults: string[] = [];
  const sections = document as unknown as Readonly<Record<string, Record<string, JsonObject>>>;
  const isDeclared = (name: string): boolean =>
    Object.hasOwn(document.prefix, name.split(':')[0] ?? '');
  const has = (section: string, name: unknown): boolean =>
    (section === element ? elements : [section]).some((one) =>
      Object.hasOwn(sections[one] ?? {}, String(name)),
    );
  for (const [section, told] of Object.entries(sections)) {
    if (section === 'prefix') continue;
    const ends = relations[section];
    if (ends === undefined && !elements.some((name) => name === section)) faults.push(section);
    for (const [id, said] of Object.entries(told)) {
      if (ends === undefined ? !isDeclared(id) : !id.startsWith('_:')) faults.push(`name ${id}`);
      for (const [name, value] of Object.entries(said)) {
        const typed = value as JsonObject;
        const isTyped = typeof value === 'object' && typeof typed.$ === 'string' && 'type' in typed;
        if (typeof value === 'object' && !isTyped) faults.push(`${id} ${name} is no literal`);
        if (!name.startsWith('prov:') && !isDeclared(name)) faults.push(`${id} ${name}`);
      }
      for (const [name, kind, isRequired] of ends ?? []) {
        if (said[name] === undefined ? isRequired : !has(kind, said[name])) {
          faults.push(`${section} ${id}: ${name}`);
        }
      }
    }
  }
  return faults;
};

test(
  'PROV-JSON has the published structure, and says who derived what from what',
  withService(async (service) => {
    const { source, epoch, first, derived, revised, retraction } = await told(service);
    const document = await provOf(service, derived);
    assert.deepEqual(faultsOf(document), []);
    const said = (section: string): readonly JsonObject[] =>
      Object.values((document[section] ?? {}) as unknown as Readonly<Record<string, JsonObject>>);
    const name = (id: string): string => `record:${id}`;
    const derivations = said('wasDerivedFrom').map((one) => {
      const type = (one['prov:type'] as JsonObject | undefined)?.$;
      return [one['prov:generatedEntity'], one['prov:usedEntity'], type ?? 'plain'].join(' ');
    });
    assert.deepEqual(
      [...derivations].sort(),
      [
        `${name(derived)} ${name(first)} plain`,
        `${name(derived)} ${name('9'.repeat(64))} plain`,
        `${name(first)} ${name(source)} prov:PrimarySource`,
        `${name(revised)} ${name(derived)} prov:Revision`,
      ].sort(),
    );
    const [invalidated] = said('wasInvalidatedBy');
    assert.equal(invalidated?.['prov:entity'], name(source));
    assert.equal(invalidated['prov:activity'], name(retraction));
    const [member] = said('hadMember');
    assert.deepEqual(member, { 'prov:collection': name(epoch), 'prov:entity': name(first) });
    assert.equal(said('agent').length, 1);
    // The check can fail.
    const broken = { ...document, wasAttributedTo: { '_:x': { 'prov:entity': 'record:none' } } };
    assert.equal(faultsOf(broken).length, 2);
  }),
);

/** Reads PROV-JSON with an implementation that is not ours, and counts what it has understood. */
const provScript = `
import sys
from prov.model import ProvDocument
document = ProvDocument.deserialize(content=sys.stdin.read(), format='json')
print(len(document.records))
`;

const python = '/usr/bin/python3';
const hasLibrary = spawnSync(python, ['-c', 'import prov.model']).status === 0;
const skip = hasLibrary ? false : 'python3-prov (a Debian package) is not installed';

test('the PROV library of Python reads it', { skip }, async () => {
  await withService(async (service) => {
    const { derived } = await told(service);
    const { prefix: _prefix, ...sections } = await provOf(service, derived);
    const count = Object.values(sections).reduce((sum, one) => sum + Object.keys(one).length, 0);
    const input = JSON.stringify(await provOf(service, derived));
    const read = spawnSync(python, ['-c', provScript], { input, encoding: 'utf8' });
    assert.equal(read.status, 0, read.stderr);
    assert.equal(Number(read.stdout), count);
  })();
});
