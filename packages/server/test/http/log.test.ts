/** The Merkle log over HTTP: proofs that verifiers of others take, and every refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyRoot, leafData, parseRecordId, parseStamp, toBase64 } from '@stemedb/model';
import { sigstoreCheckpoint, sigstoreIncludes, transmuteConsistent } from '../log/merkle/others.js';
import { type Answered, assertProblem, claim, type HttpService, withService } from './service.js';

const checkpointOf = async (service: HttpService) => {
  const [note, key] = [await service.get('/v1/log/checkpoint'), await service.get('/v1/log/key')];
  assert.equal(note.status, 200, note.text);
  assert.match(note.headers.get('content-type') ?? '', /^text\/plain/);
  assert.ok(note.text.startsWith(`${key.body.origin}\n`));
  return sigstoreCheckpoint(note.text, String(key.body.vkey));
};

const hashesOf = (answer: Answered): readonly Buffer[] =>
  (answer.body.hashes as readonly string[]).map((hash) => Buffer.from(hash, 'base64'));

const write = async (service: HttpService, value: number): Promise<string> => {
  const answer = await service.post('/v1/assert', claim({ value }));
  assert.equal(answer.status, 201, answer.text);
  return String(answer.body.id);
};

const inclusion = (service: HttpService, query: Record<string, string>): Promise<Answered> =>
  service.get('/v1/log/proof/inclusion', query);

const consistency = (service: HttpService, query: Record<string, string>): Promise<Answered> =>
  service.get('/v1/log/proof/consistency', query);

test(
  'every record is proved to be in the log of the newest checkpoint, and of one in between',
  withService(async (service) => {
    const ids: string[] = [];
    for (let value = 0; value < 20; value += 1) ids.push(await write(service, value));
    const { logSize, logHash } = await checkpointOf(service);
    assert.equal(Number(logSize), service.recordCount);
    for (const [at, text] of ids.entries()) {
      const [id] = [parseRecordId(text)];
      const proof = await inclusion(service, { id: text });
      assert.equal(proof.status, 200, proof.text);
      assert.equal(proof.body.root, logHash.toString('base64'));
      const stamp = parseStamp(String(proof.body.recorded_stamp));
      assert.ok(id !== undefined && stamp !== undefined);
      const index = Number(proof.body.leaf_index);
      const leaf = leafData(id, stamp);
      assert.ok(sigstoreIncludes(leaf, index, Number(logSize), hashesOf(proof), logHash));
      const early = await inclusion(service, { id: text, size: String(index + 1) });
      const root = Buffer.from(String(early.body.root), 'base64');
      assert.ok(sigstoreIncludes(leaf, index, index + 1, hashesOf(early), root));
      assert.equal(early.body.tree_size, index + 1);
      assert.equal(index, at + 1);
    }
  }),
);

test(
  'an earlier tree is proved to be the beginning of the newest',
  withService(async (service) => {
    for (let value = 0; value < 5; value += 1) await write(service, value);
    const before = await checkpointOf(service);
    for (let value = 5; value < 19; value += 1) await write(service, value);
    const now = await checkpointOf(service);
    const from = String(before.logSize);
    const proof = await consistency(service, { from });
    assert.equal(proof.body.from_root, before.logHash.toString('base64'));
    assert.equal(proof.body.to_root, now.logHash.toString('base64'));
    const [first, second] = [
      [Number(before.logSize), before.logHash] as const,
      [Number(now.logSize), now.logHash] as const,
    ];
    assert.ok(await transmuteConsistent(first, second, hashesOf(proof)));
    assert.ok(!(await transmuteConsistent(second, first, hashesOf(proof))));
    const same = await consistency(service, { from, to: from });
    assert.deepEqual(same.body.hashes, []);
    const empty = await consistency(service, { from: '0', to: '3' });
    assert.deepEqual([empty.body.hashes, empty.body.from_root], [[], toBase64(emptyRoot)]);
  }),
);

test(
  'an assertion read with proof=true brings its inclusion along',
  withService(async (service) => {
    const id = await write(service, 1);
    const read = await service.get(`/v1/assertions/${id}`, { proof: 'true' });
    assert.equal(read.status, 200, read.text);
    assert.deepEqual(read.body.inclusion, (await inclusion(service, { id })).body);
  }),
);

test(
  'what cannot be proved is refused with the reason',
  withService(async (service) => {
    const early = await write(service, 1);
    const late = await write(service, 2);
    const size = service.recordCount;
    assertProblem(await inclusion(service, { id: '0'.repeat(64) }), 'not_found');
    assertProblem(await inclusion(service, { id: 'x' }), 'invalid_field', '/id');
    assertProblem(await inclusion(service, {}), 'missing_field');
    const cases: readonly (readonly [string, string, RegExp])[] = [
      [early, '0', /from 2 to 3, not 0/],
      [early, '1', /from 2 to 3, not 1/],
      [late, String(size - 1), /from 3 to 3, not 2/],
      [late, String(size + 1), /from 3 to 3, not 4/],
      [late, '900719925474099', /not 900719925474099/],
    ];
    for (const [id, wanted, says] of cases) {
      const refused = await inclusion(service, { id, size: wanted });
      assertProblem(refused, 'invalid_field', '/size');
      assert.match(String(refused.body.detail), says);
    }
    for (const text of ['-1', '1.5', 'x', '']) {
      assertProblem(await inclusion(service, { id: late, size: text }), 'invalid_field', '/size');
      assertProblem(await consistency(service, { from: text }), 'invalid_field', '/from');
    }
    assertProblem(await consistency(service, {}), 'missing_field');
    assertProblem(await consistency(service, { from: '3', to: '2' }), 'invalid_field', '/from');
    assertProblem(await consistency(service, { from: '1', to: '4' }), 'invalid_field', '/to');
    assertProblem(await consistency(service, { from: '1', too: '2' }), 'unknown_field');
  }),
);
