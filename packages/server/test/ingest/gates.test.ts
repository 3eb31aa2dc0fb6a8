/** Every gate of `submit`: its code, its pointer, and that nothing was logged. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode, JsonObject, JsonValue, SignatureHex } from '@stemedb/model';
import { canonicalText } from '@stemedb/model';
import type { Submission } from '../../src/ingest/ingest.js';
import type { Principal } from '../../src/ingest/principal.js';
import {
  accepted,
  attestationOf,
  author,
  claim,
  contentBy,
  idOf,
  keyOf,
  node,
  openRoom,
  other,
  type Room,
  refused,
  signedBy,
  spoiled,
  startMs,
} from './room.js';

const unknown = '9'.repeat(64);
const toleranceMs = 5 * 60 * 1000;

interface Refusal {
  readonly name: string;
  readonly submission: Submission;
  readonly code: ErrorCode;
  readonly pointer?: string;
  readonly principal?: Principal;
  readonly realm?: string;
  readonly signatures?: 'required';
}

const withSignature = (signature: string): Submission => ({
  ...claim(),
  signatures: [{ agent_id: author.agentId, signature: signature as SignatureHex }],
});

const vote = (more: JsonObject = {}): Submission => ({
  kind: 'vote',
  content: { target: unknown, weight: 1, asserted_at: startMs, ...more },
});

const wrongSignature = spoiled(signedBy(author, claim()).signatures?.[0]?.signature ?? '');

const refusals: readonly Refusal[] = [
  {
    name: 'a key that may only read',
    principal: keyOf('reader'),
    submission: claim(),
    code: 'forbidden',
  },
  {
    name: 'a policy, which the configuration sets',
    submission: { kind: 'policy', content: {} },
    code: 'forbidden',
  },
  {
    name: 'what is no object',
    submission: { kind: 'assertion', content: ['a'] },
    code: 'invalid_field',
    pointer: '',
  },
  {
    name: 'nothing',
    submission: { kind: 'assertion', content: null },
    code: 'invalid_field',
    pointer: '',
  },
  {
    name: 'another kind',
    submission: claim(true, { kind: 'vote' }),
    code: 'invalid_field',
    pointer: '/kind',
  },
  {
    name: 'another version',
    submission: claim(true, { v: 2 }),
    code: 'invalid_field',
    pointer: '/v',
  },
  {
    name: 'no version',
    submission: claim(true, { v: null }),
    code: 'invalid_field',
    pointer: '/v',
  },
  {
    name: 'nobody as its author',
    submission: claim(true, { agent_id: null }),
    code: 'invalid_field',
    pointer: '/agent_id',
  },
  {
    name: 'nothing as its time',
    submission: claim(true, { asserted_at: null }),
    code: 'invalid_field',
    pointer: '/asserted_at',
  },
  {
    name: 'a time that is none',
    submission: claim(true, { asserted_at: 'yesterday' }),
    code: 'invalid_field',
    pointer: '/asserted_at',
  },
  {
    name: 'an unknown field',
    submission: claim(true, { confidense: 1 }),
    code: 'unknown_field',
    pointer: '/confidense',
  },
  {
    name: 'a missing field',
    submission: { kind: 'assertion', content: { concept_path: 'a', value: 1 } },
    code: 'missing_field',
    pointer: '/predicate',
  },
  { name: 'null', submission: claim(null), code: 'invalid_field', pointer: '/value' },
  {
    name: 'a path that is not in form C',
    submission: claim(true, { concept_path: 'e\u0301' }),
    code: 'not_nfc',
    pointer: '/concept_path',
  },
  {
    name: 'an unassigned character',
    submission: claim(true, { predicate: '\u0378' }),
    code: 'invalid_field',
    pointer: '/predicate',
  },
  {
    name: 'a time too far ahead',
    submission: claim(true, { asserted_at: startMs + toleranceMs + 1 }),
    code: 'time_in_future',
    pointer: '/asserted_at',
  },
  {
    name: 'no realm where one is needed',
    realm: 'here',
    submission: vote(),
    code: 'realm_mismatch',
    pointer: '/realm',
  },
  {
    name: 'another realm',
    realm: 'here',
    submission: vote({ realm: 'there' }),
    code: 'realm_mismatch',
    pointer: '/realm',
  },
  {
    name: 'a wrong signature',
    submission: withSignature(wrongSignature),
    code: 'signature_invalid',
    pointer: '/signatures/0/signature',
  },
  {
    name: 'a wrong signature of somebody else beside the right one',
    submission: ((): Submission => {
      const both = signedBy(author, claim(), [author, other]);
      const [right, wrong] = both.signatures ?? [];
      assert.ok(right !== undefined && wrong !== undefined);
      const signature = spoiled(wrong.signature) as SignatureHex;
      return { ...both, signatures: [right, { ...wrong, signature }] };
    })(),
    code: 'signature_invalid',
    pointer: '/signatures/1/signature',
  },
  {
    name: 'a signature over another kind',
    submission: ((): Submission => {
      const content = contentBy(author, claim());
      const wrong = attestationOf(author, idOf(content), 'source').content as JsonObject;
      return withSignature(wrong.signature as string);
    })(),
    code: 'signature_invalid',
    pointer: '/signatures/0/signature',
  },
  {
    name: 'an attestation that does not verify',
    submission: ((): Submission => {
      const right = attestationOf(author, idOf(contentBy(author, claim())));
      const content = right.content as JsonObject;
      const signature = spoiled(content.signature as string);
      return { kind: 'attestation', content: { ...content, signature } };
    })(),
    code: 'signature_invalid',
    pointer: '/signature',
  },
  {
    name: 'a wrong signature beside an attestation',
    submission: ((): Submission => {
      const right = attestationOf(author, idOf(contentBy(author, claim())));
      const wrong = { agent_id: other.agentId, signature: wrongSignature as SignatureHex };
      return { ...right, signatures: [wrong] };
    })(),
    code: 'signature_invalid',
    pointer: '/signatures/0/signature',
  },
  {
    name: 'another agent without a signature',
    submission: claim(true, { agent_id: other.agentId }),
    code: 'agent_not_proved',
    pointer: '/agent_id',
  },
  {
    name: 'another agent with only a third one as signer',
    submission: signedBy(other, claim(), [author]),
    code: 'agent_not_proved',
    pointer: '/agent_id',
  },
  {
    name: 'no signature where one is needed',
    signatures: 'required',
    submission: claim(),
    code: 'signature_required',
    pointer: '/signatures',
  },
  {
    name: 'a first state that only administrators give',
    principal: keyOf('writer'),
    submission: claim(true, { lifecycle: 'approved' }),
    code: 'transition_not_allowed',
    pointer: '/lifecycle',
  },
  { name: 'a vote on nothing', submission: vote(), code: 'not_found', pointer: '/target' },
  {
    name: 'a verdict on nothing',
    submission: {
      kind: 'verdict',
      content: { target: unknown, outcome: 'accurate', asserted_at: startMs },
    },
    code: 'not_found',
    pointer: '/target',
  },
  {
    name: 'a supersession of nothing',
    submission: {
      kind: 'supersession',
      content: { target: unknown, action: 'retract', reason: 'r', asserted_at: startMs },
    },
    code: 'not_found',
    pointer: '/target',
  },
];

describe('submit refuses and logs nothing', () => {
  for (const { name, submission, code, pointer, principal = node, ...options } of refusals) {
    it(name, async () => {
      const room = await openRoom(options);
      const error = refused(await room.ingest.submit(principal, submission));
      assert.equal(error.code, code, error.detail);
      if (pointer !== undefined) assert.equal(error.faults?.[0]?.pointer, pointer);
      assert.equal(room.log.lastSequence, 0);
      assert.deepEqual(room.appends, []);
      // The refusal of one is no obstacle to the next.
      const next = signedBy(author, claim('next'));
      assert.equal(accepted(await room.ingest.submit(keyOf('writer'), next)).status, 'created');
      await room.log.close();
    });
  }
});

/** One record of each kind that others refer to. */
const knownRecords = async (room: Room): Promise<Readonly<Record<string, string>>> => {
  const submit = async (submission: Submission): Promise<string> =>
    accepted(await room.ingest.submit(node, submission)).id;
  const at = { asserted_at: startMs };
  return {
    assertion: await submit(claim('known')),
    source: await submit({ kind: 'source', content: { title: 't', uri: 'https://a.x/', ...at } }),
    epoch: await submit({ kind: 'epoch', content: { name: 'e', ...at } }),
  };
};

describe('references', () => {
  const fields: readonly (readonly [string, readonly string[]])[] = [
    ['source', ['source']],
    ['epoch', ['epoch']],
    ['parent', ['assertion']],
    ['derived_from', ['assertion', 'source']],
  ];
  for (const [field, allowed] of fields) {
    it(`${field} takes ${allowed.join(' and ')} and warns of what is not known`, async () => {
      const room = await openRoom();
      const known = await knownRecords(room);
      const stated = (id: string): JsonValue => (field === 'derived_from' ? [id] : id);
      const pointer = field === 'derived_from' ? '/derived_from/0' : `/${field}`;
      for (const [kind, id] of Object.entries(known)) {
        const before = room.log.lastSequence;
        const outcome = await room.ingest.submit(node, claim(kind, { [field]: stated(id) }));
        if (allowed.includes(kind)) {
          assert.deepEqual(accepted(outcome).warnings, []);
        } else {
          const error = refused(outcome);
          assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['invalid_field', pointer]);
          assert.match(error.detail, new RegExp(`of kind "${kind}"`));
          assert.equal(room.log.lastSequence, before);
        }
      }
      const late = accepted(
        await room.ingest.submit(node, claim('l', { [field]: stated(unknown) })),
      );
      assert.deepEqual(
        late.warnings.map((warning) => [warning.code, warning.pointer]),
        [['unknown_reference', pointer]],
      );
      await room.log.close();
    });
  }

  it('of an epoch are epochs', async () => {
    const room = await openRoom();
    const { assertion = '', epoch = '' } = await knownRecords(room);
    const later = (...supersedes: string[]): Submission => ({
      kind: 'epoch',
      content: { name: 'later', supersedes, asserted_at: startMs },
    });
    const error = refused(await room.ingest.submit(node, later(epoch, assertion)));
    assert.equal(error.faults?.[0]?.pointer, '/supersedes/1');
    const taken = accepted(await room.ingest.submit(node, later(epoch, unknown)));
    assert.equal(taken.warnings[0]?.pointer, '/supersedes/1');
    await room.log.close();
  });

  it('of votes and verdicts are assertions', async () => {
    const room = await openRoom();
    const { assertion = '', source = '' } = await knownRecords(room);
    const at = { asserted_at: startMs };
    const on = (target: string): readonly Submission[] => [
      { kind: 'vote', content: { target, weight: 1, ...at } },
      { kind: 'verdict', content: { target, outcome: 'accurate', ...at } },
    ];
    const before = room.log.lastSequence;
    for (const submission of on(source)) {
      const error = refused(await room.ingest.submit(node, submission));
      assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['invalid_field', '/target']);
    }
    assert.equal(room.log.lastSequence, before);
    for (const submission of on(assertion)) accepted(await room.ingest.submit(node, submission));
    await room.log.close();
  });
});

describe('the gates', () => {
  it('are passed in order: each fault is seen once those before it are mended', async () => {
    const room = await openRoom({ realm: 'here', signatures: 'required' });
    const { assertion } = { assertion: unknown };
    const steps: readonly (readonly [JsonObject, string])[] = [
      [{ weigth: 1 }, 'unknown_field'],
      [{ asserted_at: startMs + toleranceMs + 1 }, 'time_in_future'],
      [{ realm: 'there' }, 'realm_mismatch'],
      [{ agent_id: other.agentId }, 'agent_not_proved'],
      [{}, 'signature_required'],
    ];
    let content: JsonObject = { target: assertion, weight: 1, asserted_at: startMs, realm: 'here' };
    const mended: (readonly [JsonObject, string])[] = [];
    for (const [fault, code] of [...steps].reverse()) {
      content = { ...content, ...fault };
      mended.unshift([content, code]);
    }
    for (const [stated, code] of mended) {
      const outcome = await room.ingest.submit(node, { kind: 'vote', content: stated });
      assert.equal(refused(outcome).code, code);
    }
    const signed = signedBy(author, vote({ realm: 'here' }));
    assert.equal(refused(await room.ingest.submit(node, signed)).code, 'not_found');
    assert.equal(room.log.lastSequence, 0);
    await room.log.close();
  });

  it('take a time at the very end of the tolerance, and any time of the past', async () => {
    const room = await openRoom();
    for (const asserted_at of [startMs + toleranceMs, 0, '1970-01-01T00:00:00Z']) {
      accepted(await room.ingest.submit(node, claim(String(asserted_at), { asserted_at })));
    }
    await room.log.close();
  });

  it('fill in version, author and time, and nothing else', async () => {
    const room = await openRoom();
    const short = { concept_path: 'test/cluster', predicate: 'replicated', value: true };
    const taken = accepted(await room.ingest.submit(node, { kind: 'assertion', content: short }));
    const expected = {
      ...short,
      kind: 'assertion',
      v: 1,
      agent_id: author.agentId,
      asserted_at: startMs,
    };
    assert.equal(Buffer.from(taken.bytes).toString(), canonicalText(expected));
    assert.equal(taken.id, idOf(expected));
    assert.equal(taken.position, `${room.log.logId}.1`);
    await room.log.close();
  });

  it('let claims, attestations and sources pass without a realm', async () => {
    const room = await openRoom({ realm: 'here' });
    const { id } = accepted(await room.ingest.submit(node, claim()));
    accepted(await room.ingest.submit(node, attestationOf(other, id)));
    const source = { title: 't', uri: 'https://a.x/' };
    accepted(await room.ingest.submit(node, { kind: 'source', content: source }));
    accepted(await room.ingest.submit(node, vote({ realm: 'here', target: id })));
    await room.log.close();
  });

  it('let administrators and the node begin in any state, others in two', async () => {
    const room = await openRoom();
    const approved = { lifecycle: 'approved' };
    accepted(await room.ingest.submit(node, claim(1, approved)));
    accepted(await room.ingest.submit(keyOf('admin'), claim(2, approved)));
    accepted(await room.ingest.submit(keyOf('writer'), claim(4, { lifecycle: 'under_review' })));
    await room.log.close();
  });
});
