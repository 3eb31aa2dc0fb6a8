/** Citing lends no authority: a source's class counts as far as both authors' grants (spec 3). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AnswerResult,
  canonicalBytes,
  defaultPolicyTable,
  type JsonObject,
  type KeyPair,
  keyPairFromSeed,
  type RecordId,
  recordIdOf,
  sign,
} from '@stemedb/model';
import type { Submission } from '../../src/ingest/ingest.js';
import { simulatedDatabase, submit } from '../support/databases.js';
import { ask } from '../support/questions.js';

const startMs = Date.UTC(2026, 0, 1);
const regulator = keyPairFromSeed(new Uint8Array(32).fill(7));
const clinic = keyPairFromSeed(new Uint8Array(32).fill(8));
const stranger = keyPairFromSeed(new Uint8Array(32).fill(9));

const signed = (kind: Submission['kind'], content: JsonObject, author: KeyPair): Submission => {
  const complete = { ...content, kind, v: 1, agent_id: author.agentId, asserted_at: startMs };
  const signature = sign(kind, recordIdOf(canonicalBytes(complete)), author.secretSeed);
  return { kind, content: complete, signatures: [{ agent_id: author.agentId, signature }] };
};

/** What is answered of one claim by `author` that cites a regulatory source by `publisher`. */
const answered = async (author: KeyPair, publisher: KeyPair): Promise<AnswerResult> => {
  const { database } = await simulatedDatabase({
    startMs,
    identity: 1,
    policy: {
      ...defaultPolicyTable,
      class_mode: 'granted',
      grants: [
        { agent_id: regulator.agentId, class: 'regulatory' },
        { agent_id: clinic.agentId, class: 'clinical' },
      ],
    },
  });
  const label = { title: 'Label', uri: 'https://fda.example/label', class: 'regulatory' };
  const source = await submit(database, signed('source', label, publisher));
  const claim = { concept_path: 'drug/x', predicate: 'safe', value: 'yes', source };
  const id = await submit(database, signed('assertion', claim, author));
  const scope = { type: 'concept', conceptPath: 'drug/x' } as const;
  const { results } = await ask(database, { scope, lens: 'layered', limit: 10 });
  const principal = { type: 'node', agentId: database.agentId } as const;
  const read = await database.query.record(principal, id as RecordId);
  await database.close();
  const [result] = results;
  assert.ok(result !== undefined && read.ok);
  // A claim that is read on its own says the same of its class.
  assert.deepEqual(read.value.warnings, result.warnings);
  return result;
};

const classesOf = (result: AnswerResult): readonly string[] =>
  (result.tiers ?? []).map((tier) => tier.class);
const warningsOf = (result: AnswerResult): readonly string[] =>
  (result.warnings ?? []).map((warning) => warning.code);

test('an agent without a grant gains nothing by citing a granted source', async () => {
  const result = await answered(stranger, regulator);
  assert.deepEqual(classesOf(result), ['community']);
  assert.deepEqual(warningsOf(result), ['class_not_granted']);
});

test('a granted agent that cites a granted source gains its class', async () => {
  const result = await answered(regulator, regulator);
  assert.deepEqual(classesOf(result), ['regulatory']);
  assert.deepEqual(warningsOf(result), []);
});

test('the lower of two grants is the limit, whoever holds it', async () => {
  assert.deepEqual(classesOf(await answered(clinic, regulator)), ['clinical']);
  assert.deepEqual(classesOf(await answered(regulator, clinic)), ['clinical']);
  assert.deepEqual(classesOf(await answered(regulator, stranger)), ['community']);
});
