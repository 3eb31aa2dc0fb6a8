/** Each filter keeps what it names and says why it leaves out the rest; decay by class. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defaultPolicyTable, type JsonObject, type RecordId } from '@stemedb/model';
import type { Question } from '../../src/query/question.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import {
  alice,
  answered,
  asked,
  bob,
  claim,
  codesOf,
  dayMs,
  explained,
  question,
  result,
  signedBy,
  startMs,
  unknown,
  write,
} from './asking.js';

const open = (): Promise<SimulatedDatabase> => simulatedDatabase({ startMs, identity: 1 });

/** Values that take part, and the reason for each that does not. */
const split = async (
  target: SimulatedDatabase,
  values: ReadonlyMap<string, string>,
  more: Partial<Question>,
): Promise<readonly [readonly string[], ReadonlyMap<string, string>]> => {
  const explain = await explained(target, more);
  const nameOf = (id: string): string => values.get(id) ?? id;
  const taken = explain.candidates.map(({ assertion }) => nameOf(assertion)).sort();
  const left = explain.left_out.map(
    ({ assertion, reason }) => [nameOf(assertion), reason] as const,
  );
  assert.equal(explain.candidates_count, taken.length);
  assert.equal(explain.left_out_count, left.length);
  return [taken, new Map(left)];
};

interface Case {
  readonly name: string;
  readonly filter: Partial<Question>;
  /** Members of claims by their value; those named `in...` are to take part. */
  readonly claims: Readonly<Record<string, JsonObject>>;
  readonly reason: RegExp;
}

const cases: readonly Case[] = [
  {
    name: 'no filter leaves out what is rejected or deprecated',
    filter: {},
    claims: {
      in1: {},
      in2: { lifecycle: 'under_review' },
      in3: { lifecycle: 'approved' },
      out1: { lifecycle: 'rejected' },
      out2: { lifecycle: 'deprecated' },
    },
    reason: /lifecycle is "(rejected|deprecated)"/,
  },
  {
    name: 'lifecycle',
    filter: { lifecycle: 'deprecated' },
    claims: { in: { lifecycle: 'deprecated' }, out1: {}, out2: { lifecycle: 'approved' } },
    reason: /not "deprecated"/,
  },
  {
    name: 'lifecycle proposed is what states none',
    filter: { lifecycle: 'proposed' },
    claims: { in1: {}, in2: { lifecycle: 'proposed' }, out: { lifecycle: 'under_review' } },
    reason: /"under_review", not "proposed"/,
  },
  {
    name: 'source_class, as it counts',
    filter: { sourceClass: 'anecdotal' },
    claims: {
      in1: {},
      in2: { source_class: 'anecdotal' },
      in3: { source_class: 'invented' },
      out: { source_class: 'clinical' },
    },
    reason: /counts as "clinical", not "anecdotal"/,
  },
  {
    name: 'min_confidence, which 1 is where none is stated',
    filter: { minConfidence: 0.5 },
    claims: {
      in1: {},
      in2: { confidence: 0.5 },
      out1: { confidence: 0.499_999 },
      out2: { confidence: 0 },
    },
    reason: /confidence .* is below 0\.5/,
  },
  {
    name: 'asserted_after, exclusive',
    filter: { assertedAfterMs: startMs - dayMs },
    claims: { in: { asserted_at: startMs - dayMs + 1 }, out: { asserted_at: startMs - dayMs } },
    reason: /at or before asserted_after/,
  },
  {
    name: 'asserted_before, exclusive',
    filter: { assertedBeforeMs: startMs - dayMs },
    claims: { in: { asserted_at: startMs - dayMs - 1 }, out: { asserted_at: startMs - dayMs } },
    reason: /at or after asserted_before/,
  },
];

describe('a filter', () => {
  for (const { name, filter, claims, reason } of cases) {
    it(name, async () => {
      const target = await open();
      const values = new Map<string, string>();
      for (const [value, members] of Object.entries(claims)) {
        const [id] = await write(target, claim(value, members));
        if (id !== undefined) values.set(id, value);
      }
      const [taken, left] = await split(target, values, filter);
      const wanted = Object.keys(claims).sort();
      assert.deepEqual(
        taken,
        wanted.filter((value) => value.startsWith('in')),
      );
      assert.deepEqual(
        [...left.keys()].sort(),
        wanted.filter((value) => value.startsWith('out')),
      );
      for (const said of left.values()) assert.match(said, reason);
      await target.database.close();
    });
  }

  it('agent_id', async () => {
    const target = await open();
    const [by] = await write(target, signedBy(alice, claim('in')), signedBy(bob, claim('out')));
    const values = new Map([[by ?? '', 'in']]);
    const [taken, left] = await split(target, values, { agentId: alice.agentId });
    assert.deepEqual(taken, ['in']);
    assert.deepEqual([...left.values()], ['another agent states it']);
    await target.database.close();
  });

  it('epoch', async () => {
    const target = await open();
    const epochOf = (name: string) =>
      write(target, { kind: 'epoch', content: { name, asserted_at: startMs } });
    const [[one = ''], [other = '']] = [await epochOf('one'), await epochOf('other')];
    const ids = await write(
      target,
      claim('in', { epoch: one }),
      claim('other', { epoch: other }),
      claim('none'),
    );
    const values = new Map(ids.map((id, at) => [id as string, ['in', 'other', 'none'][at] ?? '']));
    const [taken, left] = await split(target, values, { epoch: one as RecordId });
    assert.deepEqual(taken, ['in']);
    assert.deepEqual([...left.keys()].sort(), ['none', 'other']);
    await target.database.close();
  });
});

describe('a question', () => {
  it('takes a predicate, and since', async () => {
    const target = await open();
    await write(target, claim('old', { predicate: 'p' }), claim('old', { predicate: 'q' }));
    target.clock.advance(10);
    await write(target, claim('new', { predicate: 'q' }));
    const predicatesOf = async (more: Partial<Question>) =>
      (await answered(asked(target, more))).results.map(({ predicate }) => predicate);
    assert.deepEqual(await predicatesOf({}), ['p', 'q']);
    assert.deepEqual(await predicatesOf({ predicate: 'p' }), ['p']);
    assert.deepEqual(await predicatesOf({ predicate: 'none' }), []);
    assert.deepEqual(await predicatesOf({ sinceMs: startMs - 1 }), ['p', 'q']);
    assert.deepEqual(await predicatesOf({ sinceMs: startMs }), ['q']);
    assert.deepEqual(await predicatesOf({ sinceMs: startMs + 10 }), []);
    // It limits results, not candidates.
    assert.equal((await result(target, { sinceMs: startMs }))?.candidates_count, 2);
    await target.database.close();
  });

  it('takes a prefix, by whole segments', async () => {
    const target = await open();
    for (const path of ['a', 'a/b', 'a/bc', 'ab', 'a/b/c', 'x://a/b']) {
      await write(target, claim('v', { concept_path: path }));
    }
    const below = async (prefix: string) =>
      (await answered(asked(target, { scope: { type: 'prefix', prefix } }))).results.map(
        ({ concept_path: path }) => path,
      );
    assert.deepEqual(await below('a/b'), ['a/b', 'a/b/c']);
    assert.deepEqual(await below('a'), ['a', 'a/b', 'a/b/c', 'a/bc']);
    assert.deepEqual(await below('a/'), ['a/b', 'a/b/c', 'a/bc']);
    assert.deepEqual(await below('x://a'), ['x://a/b']);
    assert.deepEqual(await below('none'), []);
    await target.database.close();
  });

  it('whose filter leaves nothing has no result', async () => {
    const target = await open();
    await write(target, claim('x', { confidence: 0.1 }));
    assert.equal(await result(target, { minConfidence: 0.2 }), undefined);
    await target.database.close();
  });
});

describe('an unknown lens', () => {
  it('is refused with the names of those that are', async () => {
    const target = await open();
    const outcome = await target.database.query.ask(
      { type: 'node', agentId: target.database.agentId },
      question({ lens: 'magic' }),
    );
    assert.ok(!outcome.ok);
    assert.deepEqual(
      [outcome.error.code, outcome.error.faults?.[0]?.pointer],
      ['invalid_field', '/lens'],
    );
    assert.match(outcome.error.detail, /recency.*skeptic/);
    await target.database.close();
  });
});

/** Confidence of the answer under `confidence`, for one claim of these members. */
const decayed = async (members: JsonObject, decay: Question['decay']): Promise<unknown> => {
  const target = await open();
  await write(target, claim('x', members));
  const asOf = startMs;
  const found = await result(target, {
    lens: 'confidence',
    asOf,
    ...(decay === undefined ? {} : { decay }),
  });
  await target.database.close();
  return found?.confidence;
};

describe('decay', () => {
  const ago = (days: number): JsonObject => ({ asserted_at: startMs - days * dayMs });
  const rows: readonly (readonly [string, JsonObject, Question['decay'], number])[] = [
    ['none by default', { ...ago(90), confidence: 0.8 }, undefined, 0.8],
    ['none', { ...ago(90), confidence: 0.8 }, 'none', 0.8],
    ['community halves in 90 days', { ...ago(90), source_class: 'community' }, 'class', 0.5],
    ['clinical halves in 730', { ...ago(730), source_class: 'clinical' }, 'class', 0.5],
    ['regulatory never decays', { ...ago(7300), source_class: 'regulatory' }, 'class', 1],
    ['without a class the lowest counts: 30 days', { ...ago(90), confidence: 0.8 }, 'class', 0.1],
    ['an unknown class is the lowest', { ...ago(30), source_class: 'invented' }, 'class', 0.5],
    ['a scheme suggests: expert, 180', { ...ago(180), concept_path: 'wiki://x' }, 'class', 0.5],
    [
      '45 days of 90',
      { ...ago(45), source_class: 'community' },
      'class',
      Math.round(1e9 / Math.SQRT2) / 1e9,
    ],
    ['days as stated', { ...ago(90), confidence: 0.8 }, 30, 0.1],
    ['a fraction of a day', { ...ago(1), confidence: 1 }, 0.25, 0.0625],
    ['no age', { asserted_at: startMs, confidence: 0.8 }, 30, 0.8],
    ['stated in the future of its record', { asserted_at: startMs + 60_000 }, 0.001, 1],
  ];
  for (const [name, members, decay, expected] of rows) {
    it(name, async () => {
      const path = members.concept_path;
      if (path === undefined) {
        assert.equal(await decayed(members, decay), expected);
        return;
      }
      const target = await open();
      await write(target, claim('x', members));
      const scope = { type: 'concept', conceptPath: String(path) } as const;
      const asking = {
        scope,
        lens: 'confidence',
        asOf: startMs,
        ...(decay === undefined ? {} : { decay }),
      };
      assert.equal((await result(target, asking))?.confidence, expected);
      await target.database.close();
    });
  }

  it('without a moment goes on with the clock, and says its moment', async () => {
    const target = await open();
    await write(target, claim('x', { source_class: 'community' }));
    target.clock.advance(90 * dayMs);
    const lens = 'confidence';
    const answer = await answered(asked(target, { lens, decay: 'class' }));
    assert.equal(answer.results[0]?.confidence, 0.5);
    assert.equal(answer.as_of, new Date(startMs + 90 * dayMs).toISOString());
    assert.equal((await result(target, { lens }))?.confidence, 1);
    await target.database.close();
  });

  it('counts from when a record came, if it was stated later than that', async () => {
    const target = await open();
    await write(target, claim('x', { asserted_at: startMs + 4 * 60_000 }));
    target.clock.advance(30 * dayMs);
    const explain = await explained(target, { decay: 30, asOf: startMs + 30 * dayMs });
    assert.equal(explain.candidates[0]?.effective_confidence, 0.5);
    await target.database.close();
  });
});

describe('warnings', () => {
  it('name every reference that is not known at the moment', async () => {
    const target = await open();
    const late = { title: 'late', uri: 'https://late.example/', asserted_at: startMs };
    const source = { kind: 'source', content: late } as const;
    const other = await open();
    const [sourceId = ''] = await write(other, source);
    await other.database.close();
    await write(target, claim('x', { source: sourceId, derived_from: [unknown], epoch: unknown }));
    const before = target.clock.wallMs();
    const three = ['unknown_reference', 'unknown_reference', 'unknown_reference'];
    assert.deepEqual(codesOf((await result(target, { asOf: before }))?.warnings), three);
    await write(target, source);
    assert.deepEqual(codesOf((await result(target))?.warnings), three.slice(1));
    assert.deepEqual(codesOf((await result(target, { asOf: before }))?.warnings), three);
    await target.database.close();
  });

  it('say when a class was not granted, and count the claim lower', async () => {
    const policy = {
      ...defaultPolicyTable,
      class_mode: 'granted',
      grants: [{ agent_id: alice.agentId, class: 'clinical' }],
    } as const;
    const target = await simulatedDatabase({ startMs, identity: 1, policy });
    const stated = { source_class: 'regulatory' };
    await write(target, signedBy(alice, claim('a', stated)), signedBy(bob, claim('b', stated)));
    const classes = async (agentId: typeof alice.agentId) => {
      const { candidates } = await explained(target, { agentId });
      const found = await result(target, { agentId });
      return [candidates[0]?.class, ...codesOf(found?.warnings)];
    };
    assert.deepEqual(await classes(alice.agentId), ['clinical', 'class_not_granted']);
    assert.deepEqual(await classes(bob.agentId), ['community', 'class_not_granted']);
    const answer = await answered(asked(target));
    assert.equal(answer.classes, undefined);
    assert.equal(typeof answer.policy, 'string');
    await target.database.close();
  });

  it('are left out where there is nothing to say', async () => {
    const target = await open();
    await write(target, claim('x'));
    assert.equal((await result(target))?.warnings, undefined);
    await target.database.close();
  });
});
