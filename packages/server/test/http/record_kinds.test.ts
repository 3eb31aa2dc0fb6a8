/** The calls of each record kind: written, read and listed, and what they refuse. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, ListedRecord, RecordKind, RecordList } from '@stemedb/model';
import {
  assertProblem,
  author,
  claim,
  type HttpService,
  signedContent,
  startMs,
  withService,
} from './service.js';

const unknown = '9'.repeat(64);

interface Case {
  readonly kind: RecordKind;
  readonly path: string;
  /** A content that is accepted, about this claim where it is about one. */
  readonly content: (claimId: string) => JsonObject;
  /** A misspelt field, and the one that was meant. */
  readonly typo: readonly [string, string];
  /** A value that a field may not have. */
  readonly wrong: readonly [string, JsonObject[string]];
  readonly isAbout?: true;
}

const cases: readonly Case[] = [
  {
    kind: 'vote',
    path: '/v1/vote',
    content: (target) => ({ target, weight: 0.5, note: 'seen it' }),
    typo: ['wieght', 'weight'],
    wrong: ['weight', 1.5],
    isAbout: true,
  },
  {
    kind: 'epoch',
    path: '/v1/epoch',
    content: () => ({ name: 'Release 2', description: 'All that was measured again.' }),
    typo: ['supersede', 'supersedes'],
    wrong: ['supersedes', ['x']],
  },
  {
    kind: 'supersession',
    path: '/v1/supersede',
    content: (target) => ({ target, action: 'retract', reason: 'It was a test.' }),
    typo: ['raeson', 'reason'],
    wrong: ['action', 'delete'],
    isAbout: true,
  },
  {
    kind: 'alias',
    path: '/v1/alias',
    content: () => ({ a: 'drug/asa', b: 'drug/aspirin', reason: 'Two names.' }),
    typo: ['reson', 'reason'],
    wrong: ['a', 'x//y'],
  },
  {
    kind: 'verdict',
    path: '/v1/verdict',
    content: (target) => ({ target, outcome: 'accurate' }),
    typo: ['outcom', 'outcome'],
    wrong: ['outcome', 'maybe'],
    isAbout: true,
  },
  {
    kind: 'source',
    path: '/v1/sources',
    content: () => ({ title: 'A leaflet', uri: 'https://example.org/leaflet' }),
    typo: ['titel', 'title'],
    wrong: ['uri', 'no uri'],
  },
];

const stateClaim = async (service: HttpService): Promise<string> => {
  const answer = await service.post('/v1/assert', claim());
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

for (const { kind, path, content } of cases) {
  describe(path, () => {
    it(
      'is written once, read and listed',
      withService(async (service) => {
        const target = await stateClaim(service);
        const { body, id, signature } = signedContent(kind, content(target));
        const created = await service.post(path, body);
        assert.equal(created.status, 201, created.text);
        assert.deepEqual([created.body.id, created.body.status], [id, 'created']);
        const again = await service.post(path, body);
        assert.equal(again.status, 200);
        assert.deepEqual(again.body, { ...created.body, status: 'duplicate' });
        const read = await service.get(`${path}/${id}`);
        assert.equal(read.status, 200, read.text);
        const listed = read.body as unknown as ListedRecord;
        assert.deepEqual(listed.record, created.body.record);
        assert.equal(listed.proof, 'signature');
        assert.deepEqual(listed.signatures, [{ agent_id: author.agentId, signature }]);
        const list = await service.get(path);
        assert.equal(list.status, 200, list.text);
        assert.deepEqual((list.body as unknown as RecordList).records, [listed]);
        const asRecord = await service.get(`/v1/records/${id}`);
        assert.deepEqual(asRecord.body.record, created.body.record);
      }),
    );

    it(
      'is written by the node when nobody signed',
      withService(async (service) => {
        const created = await service.post(path, content(await stateClaim(service)));
        assert.equal(created.status, 201, created.text);
        const record = created.body.record as JsonObject;
        assert.deepEqual([record.kind, record.v, record.asserted_at], [kind, 1, startMs]);
        assert.equal((await service.get(`${path}/${created.body.id}`)).body.proof, 'node');
      }),
    );
  });
}

for (const { kind, path, content, typo, wrong, isAbout } of cases) {
  describe(`${path} refuses`, () => {
    it(
      'what is not one, and stores nothing',
      withService(async (service) => {
        const right = content(await stateClaim(service));
        const before = service.recordCount;
        const misspelt = await service.post(path, { ...right, [typo[0]]: 'x' });
        assertProblem(misspelt, 'unknown_field', `/${typo[0]}`);
        assert.match(String(misspelt.body.detail), new RegExp(`did you mean "${typo[1]}"`, 'i'));
        const field = await service.post(path, { ...right, [wrong[0]]: wrong[1] });
        assert.equal(field.status, 422, field.text);
        assert.match(JSON.stringify(field.body.errors), new RegExp(`"/${wrong[0]}`));
        assertProblem(await service.post(path, {}), 'missing_field');
        assertProblem(await service.post(path, [right]), 'invalid_field', '');
        assertProblem(await service.post(path, '{"a":'), 'malformed_json');
        assertProblem(await service.post(path, right, 'text/plain'), 'unsupported_media_type');
        const foreign = { ...right, agent_id: author.agentId };
        assertProblem(await service.post(path, foreign), 'agent_not_proved', '/agent_id');
        const otherKind = { ...right, kind: 'policy' };
        assertProblem(await service.post(path, otherKind), 'invalid_field', '/kind');
        const signed = signedContent(kind, right);
        const spoilt = { ...signed.body, asserted_at: startMs - 1 };
        assertProblem(await service.post(path, spoilt), 'signature_invalid');
        const late = { ...right, asserted_at: startMs + 3_600_000 };
        assertProblem(await service.post(path, late), 'time_in_future', '/asserted_at');
        assert.equal(service.recordCount, before);
      }),
    );

    it(
      'ids that are unknown, of another kind, or none',
      withService(async (service) => {
        const claimId = await stateClaim(service);
        assertProblem(await service.get(`${path}/${unknown}`), 'not_found');
        assertProblem(await service.get(`${path}/${claimId}`), 'not_found');
        assertProblem(
          await service.get(`${path}/${claimId.toUpperCase()}`),
          'invalid_field',
          '/id',
        );
        assertProblem(await service.get(`${path}/${claimId}`, { depth: '1' }), 'unknown_field');
        if (isAbout !== true) return;
        const lost = await service.post(path, content(unknown));
        assertProblem(lost, 'not_found', '/target');
      }),
    );

    it(
      'other methods',
      withService(async (service) => {
        for (const method of ['PUT', 'PATCH', 'DELETE']) {
          const refused = await service.send(path, { method });
          assertProblem(refused, 'method_not_allowed');
          assert.equal(refused.headers.get('allow'), 'GET, HEAD, POST');
        }
        const one = await service.send(`${path}/${unknown}`, { method: 'POST' });
        assertProblem(one, 'method_not_allowed');
        assert.equal(one.headers.get('allow'), 'GET, HEAD');
      }),
    );
  });
}

describe('/v1/policy', () => {
  it(
    'lists the policies, of which one is in force, and takes none',
    withService(async (service) => {
      const list = (await service.get('/v1/policy')).body as unknown as RecordList;
      assert.equal(list.records.length, 1);
      const [policy] = list.records;
      assert.deepEqual([policy?.record.kind, policy?.effective], ['policy', true]);
      const read = await service.get(`/v1/policy/${policy?.id}`);
      assert.deepEqual(read.body, policy);
      const answer = await service.get('/v1/query', { prefix: 'test' });
      assert.equal(answer.body.policy, policy?.id);
      const refused = await service.post('/v1/policy', policy?.record);
      assertProblem(refused, 'method_not_allowed');
      assert.equal(refused.headers.get('allow'), 'GET, HEAD');
      const before = String(startMs - 1);
      const empty = (await service.get('/v1/policy', { as_of: before })).body;
      assert.deepEqual(empty.records, []);
    }),
  );
});

describe('what a writer has no right to', () => {
  const stranger = { policy: { governance: 'owner' } } as const;

  it(
    'is forbidden, with the rule',
    withService(async (service) => {
      const theirs = signedContent('assertion', claim());
      await service.post('/v1/assert', theirs.body);
      const supersede = { target: theirs.id, action: 'retract', reason: 'no' };
      const refused = await service.post('/v1/supersede', supersede);
      assertProblem(refused, 'forbidden', '/target');
      assert.match(String(refused.body.detail), /governance "owner"/);
      const epoch = signedContent('epoch', { name: 'theirs' });
      await service.post('/v1/epoch', epoch.body);
      const later = await service.post('/v1/epoch', { name: 'mine', supersedes: [epoch.id] });
      assertProblem(later, 'forbidden', '/supersedes/0');
      const approve = { ...claim(), parent: theirs.id, lifecycle: 'approved' };
      assertProblem(await service.post('/v1/assert', approve), 'forbidden', '/parent');
    }, stranger),
  );

  it(
    'is kept with a warning where it only has no effect',
    withService(async (service) => {
      const theirs = signedContent('assertion', claim());
      await service.post('/v1/assert', theirs.body);
      const codes = async (path: string, body: unknown): Promise<unknown> => {
        const answer = await service.post(path, body);
        assert.equal(answer.status, 201, answer.text);
        return (answer.body.warnings as readonly { code: string }[]).map(({ code }) => code);
      };
      const child = { ...claim({ value: false }), parent: theirs.id };
      assert.deepEqual(await codes('/v1/assert', child), ['not_a_revision']);
      const alias = signedContent('alias', { a: 'x', b: 'y' });
      assert.deepEqual(await codes('/v1/alias', alias.body), ['alias_proposed']);
      const verdict = { target: theirs.id, outcome: 'inaccurate' };
      assert.deepEqual(await codes('/v1/verdict', verdict), ['verdict_not_counted']);
      for (const path of ['/v1/alias', '/v1/verdict']) {
        const { records } = (await service.get(path)).body as unknown as RecordList;
        assert.deepEqual(
          records.map(({ effective }) => effective),
          [false],
        );
        assert.match(records[0]?.not_effective ?? '', /[a-z].*\.$/);
      }
    }, stranger),
  );

  it(
    'names the transitions that the lifecycle allows',
    withService(async (service) => {
      const mine = signedContent('assertion', claim());
      await service.post('/v1/assert', mine.body);
      const approve = { ...claim({ parent: mine.id }), lifecycle: 'approved' };
      const refused = await service.post('/v1/assert', signedContent('assertion', approve).body);
      assertProblem(refused, 'transition_not_allowed', '/lifecycle');
      assert.equal(refused.status, 409);
      assert.match(String(refused.body.detail), /"under_review"/);
    }),
  );
});
