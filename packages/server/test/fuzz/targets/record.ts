/** Record bytes as they come from a log or another node, and every rule about content. */
import assert from 'node:assert/strict';
import {
  canonicalText,
  defaultPolicyTable,
  type JsonObject,
  normalizeTimes,
  parseJson,
  publicError,
  readRecord,
  recordIdOf,
  recordKinds,
  toHex,
  validateContent,
  verifySignature,
} from '@stemedb/model';
import { sodiumVerify } from '../../../src/ingest/sodium.js';
import { checkRefusal, pure, textOf, valueIn } from '../target.js';

const author = { v: 1, agent_id: 'ab'.repeat(32), asserted_at: 1_780_000_000_000 };
const id = 'cd'.repeat(32);
const claim = { kind: 'assertion', ...author, concept_path: 'drug/aspirin', predicate: 'dose' };

/** Records of every kind with the members that they may have. */
const records: readonly JsonObject[] = [
  { ...claim, value: 81.5, unit: 'mg', confidence: 0.9, lifecycle: 'approved', epoch: id },
  { ...claim, value: { json: { a: [1, 'x', null, true, { b: -0.5 }] } }, metadata: { k: 'v' } },
  { ...claim, value: { ref: 'drug/ibuprofen' }, parent: id, derived_from: [id], salt: 'ab' },
  { ...claim, value: 'é', source_class: 'journal', source: id },
  { ...claim, value: true, source_uri: 'https://a.example/%7Eb/../c?d' },
  { kind: 'vote', ...author, target: id, weight: 0.5, note: 'n' },
  { kind: 'source', ...author, uri: 'https://a.example/b', title: 'T', content: 'c', class: 'x' },
  { kind: 'epoch', ...author, name: 'e', description: 'd', supersedes: [id] },
  { kind: 'supersession', ...author, target: id, action: 'replace', replacement: id },
  { kind: 'alias', ...author, a: 'a/b', b: 'a/c', reason: 'same' },
  { kind: 'verdict', ...author, target: id, outcome: 'accurate', note: 'n' },
  { kind: 'attestation', v: 1, target: id, agent_id: author.agent_id, signature: 'ef'.repeat(64) },
  { ...(defaultPolicyTable as unknown as JsonObject), kind: 'policy', ...author },
];

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const run = (input: Uint8Array): void => {
  const read = valueIn(readRecord(input), input.length);
  if (read !== undefined) {
    assert.equal(canonicalText(read.content as never), textOf(input));
    assert.equal(read.id, recordIdOf(input));
    const error = publicError(read.content);
    if (error !== undefined) checkRefusal(error, input.length);
    if (read.content.kind === 'attestation') {
      const { agent_id: agent, signature, target } = read.content;
      for (const kind of recordKinds) {
        assert.ok(!verifySignature(kind, target, agent, signature, sodiumVerify), 'it is forged');
      }
    }
  }
  const parsed = parseJson(input);
  if (!parsed.ok) return;
  const checked = valueIn(validateContent(parsed.value), input.length);
  if (checked !== undefined) {
    const bytes = new TextEncoder().encode(canonicalText(parsed.value));
    assert.ok(readRecord(bytes).ok, `the canonical form of it is refused: ${toHex(bytes)}`);
  }
  for (const kind of recordKinds) {
    if (isObject(parsed.value)) valueIn(normalizeTimes(kind, parsed.value), input.length);
  }
};

export const record = pure(
  {
    name: 'record',
    seeds: records.map((content) => canonicalText(content)),
    words: [...new Set(records.flatMap((content) => Object.keys(content))), id, ...recordKinds],
  },
  run,
);
