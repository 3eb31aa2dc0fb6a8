/** A claim read on its own over HTTP: state, votes, supersessions, signatures, proof; and trust. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AssertionDetail,
  type InclusionProof,
  type JsonObject,
  type KeyPair,
  keyPairFromSeed,
  type RecordId,
  type RecordList,
  sign,
  type TrustAnswer,
} from '@stemedb/model';
import {
  assertProblem,
  author,
  claim,
  type HttpService,
  signedContent,
  withService,
} from './service.js';

const agentOf = (at: number): KeyPair => keyPairFromSeed(new Uint8Array(32).fill(at));
const steward = agentOf(20);
const judge = agentOf(21);
const unknown = '9'.repeat(64);

const policy = { stewards: [steward.agentId], verdict_agents: [judge.agentId] };

const write = async (
  service: HttpService,
  path: string,
  kind: Parameters<typeof signedContent>[0],
  members: JsonObject,
  signer?: KeyPair,
): Promise<RecordId> => {
  service.target.clock.advance(1000);
  const at = { asserted_at: service.target.clock.wallMs() };
  const { body, id } = signedContent(kind, { ...at, ...members }, signer);
  const answer = await service.post(path, body);
  assert.equal(answer.status, 201, answer.text);
  return id;
};

const detailOf = async (
  service: HttpService,
  id: string,
  query: Readonly<Record<string, string>> = {},
): Promise<AssertionDetail> => {
  const answer = await service.get(`/v1/assertions/${id}`, query);
  assert.equal(answer.status, 200, answer.text);
  return answer.body as unknown as AssertionDetail;
};

test(
  'a claim of which nobody said anything is as it was stated',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const detail = await detailOf(service, id);
    assert.equal(detail.lifecycle, 'proposed');
    assert.deepEqual(detail.votes, { voters: 0, sum: 0, listed: [] });
    assert.deepEqual(detail.supersessions, []);
    for (const name of ['succeeded_by', 'voice_of', 'inclusion'] as const) {
      assert.equal(detail[name], undefined);
    }
    const { votes, supersessions, lifecycle, ...stated } = detail;
    assert.deepEqual((await service.get(`/v1/records/${id}`)).body, stated);
    assert.ok(votes !== undefined && supersessions !== undefined && lifecycle !== undefined);
  }),
);

test(
  'a chain of transitions shows its state, its head and its voice, as of each moment',
  withService(
    async (service) => {
      const first = await write(service, '/v1/assert', 'assertion', claim());
      const next = (parent: string, lifecycle: string, signer: KeyPair) =>
        write(service, '/v1/assert', 'assertion', { ...claim(), parent, lifecycle }, signer);
      const second = await next(first, 'under_review', author);
      const third = await next(second, 'approved', steward);
      const view = async (id: string, query = {}) => {
        const { lifecycle, succeeded_by, voice_of } = await detailOf(service, id, query);
        return [lifecycle, succeeded_by, voice_of];
      };
      assert.deepEqual(await view(third), ['approved', undefined, first]);
      const [, head] = await view(second);
      assert.ok(head === third);
      assert.equal((await view(first))[2], undefined);
      assert.notEqual((await view(first))[1], undefined);
      const at = { as_of: (await detailOf(service, second)).recorded_stamp };
      assert.deepEqual(await view(second, at), ['under_review', undefined, first]);
      const begun = { as_of: (await detailOf(service, first)).recorded_stamp };
      assert.deepEqual(await view(first, begun), ['proposed', undefined, undefined]);
      assertProblem(await service.get(`/v1/assertions/${third}`, begun), 'not_found');
      const stranger = await write(
        service,
        '/v1/assert',
        'assertion',
        { ...claim(), parent: third },
        agentOf(30),
      );
      assert.deepEqual(await view(stranger), ['proposed', undefined, undefined]);
      assert.deepEqual(await view(third), ['approved', undefined, first]);
    },
    { policy },
  ),
);

test(
  'votes count once for each voter, the last one, and the newest are listed',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const elsewhere = await write(service, '/v1/assert', 'assertion', claim({ value: 'other' }));
    const vote = (signer: KeyPair, weight: number, target = id) =>
      write(service, '/v1/vote', 'vote', { target, weight }, signer);
    await vote(agentOf(40), 1);
    const early = await detailOf(service, id);
    const kept = await vote(agentOf(41), 0.3);
    const last = await vote(agentOf(40), -0.1);
    await vote(agentOf(42), 1);
    await vote(agentOf(42), 0);
    await vote(agentOf(43), 1, elsewhere);
    const gone = await vote(agentOf(44), 1);
    const retract = { target: gone, action: 'retract', reason: 'r' };
    await write(service, '/v1/supersede', 'supersession', retract, agentOf(44));
    const { votes } = await detailOf(service, id);
    assert.deepEqual([votes.voters, votes.sum], [2, 0.2]);
    assert.deepEqual(
      votes.listed.map((one) => [one.id, one.effective]),
      [
        [last, true],
        [kept, true],
      ],
    );
    assert.deepEqual([early.votes.voters, early.votes.sum], [1, 1]);
    const then = await detailOf(service, id, {
      as_of: early.votes.listed[0]?.recorded_stamp ?? '',
    });
    assert.deepEqual(then.votes, early.votes);
  }),
);

test(
  'at most 100 votes are listed, and all are counted',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const lines = Array.from({ length: 120 }, (_, at) => {
      const signer = keyPairFromSeed(new Uint8Array(32).fill(100 + at));
      return signedContent('vote', { target: id, weight: 0.5 }, signer);
    });
    const records = lines.flatMap(({ content, attestation }) => [attestation, content]);
    await service.postLines('/v1/records', records);
    const { votes } = await detailOf(service, id);
    assert.deepEqual([votes.voters, votes.sum, votes.listed.length], [120, 60, 100]);
    const ids = votes.listed.map((one) => one.id);
    const expected = lines
      .map((one) => one.id)
      .sort()
      .reverse()
      .slice(0, 100);
    assert.deepEqual(ids, expected, 'of one time, the larger id is the newer');
  }),
);

test(
  'supersessions of a claim are listed with their effect, also those that replace with it',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const better = await write(service, '/v1/assert', 'assertion', claim({ value: false }));
    const supersede = (action: string, more: JsonObject = {}) =>
      write(service, '/v1/supersede', 'supersession', { target: id, action, reason: 'r', ...more });
    const replaced = await supersede('replace', { replacement: better });
    const restored = await supersede('restore');
    const listed = async (of: string) =>
      (await detailOf(service, of)).supersessions.map((one) => [one.id, one.effective]);
    const found = await listed(id);
    assert.deepEqual(
      found.map(([each]) => each),
      [restored, replaced],
    );
    assert.deepEqual(found[0], [restored, true]);
    assert.deepEqual(
      (await listed(better)).map(([each]) => each),
      [replaced],
    );
    const retracted = await supersede('retract');
    const detail = await detailOf(service, id);
    assert.deepEqual(
      detail.warnings?.map(({ code }) => code),
      ['retracted'],
    );
    assert.equal(detail.supersessions[0]?.id, retracted);
  }),
);

test(
  'a claim of a superseded epoch says so, from then on',
  withService(async (service) => {
    const epoch = await write(service, '/v1/epoch', 'epoch', { name: 'old' });
    const id = await write(service, '/v1/assert', 'assertion', { ...claim(), epoch });
    const before = await detailOf(service, id);
    assert.equal(before.warnings, undefined);
    const next = { name: 'new', supersedes: [epoch] };
    const by = await write(service, '/v1/epoch', 'epoch', next);
    const [warning] = (await detailOf(service, id)).warnings ?? [];
    assert.equal(warning?.code, 'epoch_superseded');
    assert.match(warning?.detail ?? '', new RegExp(by));
    assert.deepEqual(await detailOf(service, id, { as_of: before.recorded_stamp }), before);
  }),
);

test(
  'with proof=true the claim proves that it is in the log',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const { inclusion, recorded_stamp } = await detailOf(service, id, { proof: 'true' });
    const proof = inclusion as InclusionProof;
    assert.deepEqual([proof.id, proof.recorded_stamp], [id, recorded_stamp]);
    const direct = await service.get('/v1/log/proof/inclusion', { id });
    assert.deepEqual(direct.body, proof);
    assert.equal((await detailOf(service, id, { proof: 'false' })).inclusion, undefined);
    const path = `/v1/assertions/${id}`;
    assertProblem(await service.get(path, { proof: 'yes' }), 'invalid_field', '/proof');
    assertProblem(await service.get(path, { prof: 'true' }), 'unknown_field', '/prof');
    const lost = await service.get(`/v1/assertions/${unknown}`, { proof: 'true' });
    assertProblem(lost, 'not_found');
  }),
);

test(
  'a claim is signed by others, once each, and its signatures are listed',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const path = `/v1/assertions/${id}/signatures`;
    const signature = sign('assertion', id, judge.secretSeed);
    const body = { agent_id: judge.agentId, signature };
    const signed = await service.post(path, body);
    assert.equal(signed.status, 201, signed.text);
    assert.deepEqual(signed.body.record, { kind: 'attestation', v: 1, target: id, ...body });
    assert.equal((await service.post(path, body)).status, 200);
    const list = (await service.get(path)).body as unknown as RecordList;
    const signers = list.records.map(({ record }) => record.agent_id);
    assert.deepEqual(signers, [author.agentId, judge.agentId]);
    assert.ok(list.records.every(({ effective }) => effective));
    const page = (await service.get(path, { limit: '1' })).body as unknown as RecordList;
    assert.deepEqual(page.records, list.records.slice(0, 1));
    assert.ok(page.next_cursor !== undefined);
    assert.equal((await detailOf(service, id)).signatures?.length, 2);
    const past = { as_of: (await detailOf(service, id)).recorded_stamp };
    assert.equal(((await service.get(path, past)).body as unknown as RecordList).records.length, 1);
  }),
);

test(
  'another signature costs the same however many there are',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const path = `/v1/assertions/${id}/signatures`;
    const { log } = service.target.database;
    const read = log.read.bind(log);
    let reads = 0;
    log.read = (sequence, offset) => {
      reads += 1;
      return read(sequence, offset);
    };
    for (let at = 30; at < 50; at += 1) {
      const signer = agentOf(at);
      const signature = sign('assertion', id, signer.secretSeed);
      reads = 0;
      const signed = await service.post(path, { agent_id: signer.agentId, signature });
      assert.equal(signed.status, 201, signed.text);
      assert.ok(reads <= 2, `${reads} records were read to take signature ${at - 29}`);
    }
  }),
);

test(
  'a signature that proves nothing is refused',
  withService(async (service) => {
    const id = await write(service, '/v1/assert', 'assertion', claim());
    const source = await write(service, '/v1/sources', 'source', {
      title: 'S',
      uri: 'https://a.x/',
    });
    const before = service.recordCount;
    const path = `/v1/assertions/${id}/signatures`;
    const by = (kind: 'assertion' | 'source', target: RecordId) => ({
      agent_id: judge.agentId,
      signature: sign(kind, target, judge.secretSeed),
    });
    assertProblem(await service.post(path, by('source', id)), 'signature_invalid', '/signature');
    assertProblem(
      await service.post(path, by('assertion', source)),
      'signature_invalid',
      '/signature',
    );
    const short = { ...by('assertion', id), signature: 'ab' };
    assertProblem(await service.post(path, short), 'invalid_field', '/signature');
    assertProblem(
      await service.post(path, { agent_id: judge.agentId }),
      'missing_field',
      '/signature',
    );
    const more = await service.post(path, { ...by('assertion', id), signatur: 'x' });
    assertProblem(more, 'unknown_field', '/signatur');
    assert.match(String(more.body.detail), /Did you mean "signature"/);
    for (const other of [unknown, source]) {
      const elsewhere = `/v1/assertions/${other}/signatures`;
      assertProblem(await service.post(elsewhere, by('assertion', other as RecordId)), 'not_found');
      assertProblem(await service.get(elsewhere), 'not_found');
    }
    const bad = await service.post('/v1/assertions/x/signatures', by('assertion', id));
    assertProblem(bad, 'invalid_field', '/id');
    const removed = await service.send(path, { method: 'DELETE' });
    assertProblem(removed, 'method_not_allowed');
    assert.equal(removed.headers.get('allow'), 'GET, HEAD, POST');
    assert.equal(service.recordCount, before);
  }),
);

test(
  'trust is answered with the verdicts behind it, as of a moment',
  withService(
    async (service) => {
      const trustOf = async (agent: string, query = {}): Promise<TrustAnswer> => {
        const answer = await service.get(`/v1/trust/${agent}`, query);
        assert.equal(answer.status, 200, answer.text);
        return answer.body as unknown as TrustAnswer;
      };
      const initial = await trustOf(unknown);
      assert.deepEqual([initial.trust, initial.verdicts, initial.steps], [0.5, 0, []]);
      const id = await write(service, '/v1/assert', 'assertion', claim());
      const target = id;
      const outcome = 'accurate';
      const verdict = await write(service, '/v1/verdict', 'verdict', { target, outcome }, judge);
      await write(service, '/v1/verdict', 'verdict', { target, outcome: 'inaccurate' });
      const trust = await trustOf(author.agentId);
      assert.equal(trust.verdicts, 1);
      assert.deepEqual(
        trust.steps.map((step) => [step.verdict, step.target, step.outcome, step.trust]),
        [[verdict, id, 'accurate', 0.55]],
      );
      assert.ok(trust.trust > 0.5499 && trust.trust <= 0.55, String(trust.trust));
      const before = { as_of: (await detailOf(service, id)).recorded_stamp };
      assert.deepEqual((await trustOf(author.agentId, before)).steps, []);
      const again = await trustOf(author.agentId, { as_of: trust.as_of_stamp });
      assert.deepEqual(again, trust);
      service.target.clock.advance(30 * 24 * 3_600_000);
      const drifted = (await trustOf(author.agentId)).trust;
      assert.ok(drifted > 0.52 && drifted < 0.53, String(drifted));
      assertProblem(await service.get('/v1/trust/me'), 'invalid_field', '/agent_id');
      const misspelt = await service.get(`/v1/trust/${unknown}`, { asof: '1' });
      assertProblem(misspelt, 'unknown_field', '/asof');
      const refused = await service.post(`/v1/trust/${unknown}`, {});
      assertProblem(refused, 'method_not_allowed');
    },
    { policy },
  ),
);
