/** Who may supersede, replace, begin an epoch, join concepts and judge: errors and warnings. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { JsonObject, KeyPair, PolicyTable } from '@stemedb/model';
import type { Submission, Warning } from '../../src/ingest/ingest.js';
import { mayBeMended } from '../../src/ingest/mendable.js';
import { accepted, claim, refused } from './room.js';
import {
  alice,
  bob,
  child,
  judge,
  openRuled,
  record,
  retraction,
  state,
  stated,
  steward,
  unknown,
} from './ruled.js';

const epoch = (name: string, supersedes: readonly string[] = []): Submission =>
  record('epoch', { name, supersedes });

const replacement = (target: string, by: string, more: JsonObject = {}): Submission =>
  retraction(target, { action: 'replace', replacement: by, ...more });

const alias = (a: string, b: string): Submission => record('alias', { a, b });

const codesOf = (warnings: readonly Warning[]): readonly string[] =>
  warnings.map(({ code }) => code);

describe('a supersession', () => {
  const modes: readonly (readonly [PolicyTable['governance'], KeyPair | undefined, boolean])[] = [
    ['open', bob, true],
    ['owner', bob, false],
    ['owner', alice, true],
    ['owner', steward, true],
    ['owner', undefined, false],
    ['steward', alice, false],
    ['steward', steward, true],
    ['steward', undefined, false],
  ];
  for (const [governance, pair, isAllowed] of modes) {
    const names = new Map([
      [alice, 'the author'],
      [bob, 'a stranger'],
      [steward, 'a steward'],
    ]);
    const who = pair === undefined ? 'the node' : names.get(pair);
    it(`of ${who} under "${governance}" is ${isAllowed ? 'taken' : 'forbidden'}`, async () => {
      const target = await openRuled({ governance });
      const id = await stated(target, claim(), alice);
      for (const action of ['retract', 'restore']) {
        const outcome = await state(target, retraction(id, { action }), pair);
        if (isAllowed) {
          assert.deepEqual(accepted(outcome).warnings, []);
          continue;
        }
        const error = refused(outcome);
        assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['forbidden', '/target']);
        assert.match(error.detail, new RegExp(`governance "${governance}"`));
      }
      await target.database.close();
    });
  }

  it('of a transition by another is referred to the first claim of the chain', async () => {
    const target = await openRuled();
    const first = await stated(target, claim(), alice);
    const review = await stated(target, child(first, { lifecycle: 'under_review' }), steward);
    const head = await stated(target, child(review, { lifecycle: 'approved' }), steward);
    const own = refused(await state(target, retraction(head), alice));
    assert.deepEqual([own.code, own.faults?.[0]?.pointer], ['forbidden', '/target']);
    assert.match(own.detail, new RegExp(`supersede ${first} instead`));
    const strangers = refused(await state(target, retraction(head), bob));
    assert.doesNotMatch(strangers.detail, /instead/);
    accepted(await state(target, retraction(first), alice));
    await target.database.close();
  });

  it('of what nobody signed is for anybody', async () => {
    const target = await openRuled();
    const id = await stated(target, claim());
    accepted(await state(target, retraction(id), bob));
    await target.database.close();
  });
});

describe('a replacement', () => {
  it('is a known record of the same kind', async () => {
    const target = await openRuled();
    const source = (title: string): Submission =>
      record('source', { title, uri: 'https://a.example/' });
    const ids: Readonly<Record<string, readonly [string, string]>> = {
      assertion: [await stated(target, claim(1)), await stated(target, claim(2))],
      source: [await stated(target, source('one')), await stated(target, source('two'))],
      epoch: [await stated(target, epoch('one')), await stated(target, epoch('two'))],
      alias: [await stated(target, alias('a', 'b')), await stated(target, alias('a', 'c'))],
    };
    for (const [kind, [one]] of Object.entries(ids)) {
      for (const [otherKind, [, by]] of Object.entries(ids)) {
        const outcome = await state(target, replacement(one, by));
        if (kind === otherKind) {
          accepted(outcome);
          continue;
        }
        const error = refused(outcome);
        const expected = ['invalid_field', '/replacement'];
        assert.deepEqual([error.code, error.faults?.[0]?.pointer], expected);
        assert.match(error.detail, new RegExp(`"${otherKind}".*"${kind}"`));
      }
    }
    const [known] = ids.assertion ?? [''];
    const lost = refused(await state(target, replacement(known, unknown)));
    assert.deepEqual([lost.code, lost.faults?.[0]?.pointer], ['not_found', '/replacement']);
    const itself = refused(await state(target, replacement(known, known)));
    assert.deepEqual([itself.code, itself.faults?.[0]?.pointer], ['invalid_field', '/replacement']);
    const nothing = refused(await state(target, replacement(unknown, known)));
    assert.deepEqual([nothing.code, nothing.faults?.[0]?.pointer], ['not_found', '/target']);
    await target.database.close();
  });

  it('is stated when one is needed, and only then', async () => {
    const target = await openRuled();
    const id = await stated(target, claim());
    const wrong = [
      retraction(id, { action: 'replace' }),
      retraction(id, { replacement: id }),
      retraction(id, { action: 'remove' }),
    ];
    for (const each of wrong) {
      assert.ok(
        ['invalid_field', 'missing_field'].includes(refused(await state(target, each)).code),
      );
    }
    await target.database.close();
  });
});

describe('an epoch', () => {
  it('supersedes what its author may', async () => {
    const target = await openRuled();
    const mine = await stated(target, epoch('mine'), alice);
    const theirs = await stated(target, epoch('theirs'), bob);
    assert.deepEqual(accepted(await state(target, epoch('a', [mine]), alice)).warnings, []);
    const error = refused(await state(target, epoch('b', [mine, theirs]), alice));
    assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['forbidden', '/supersedes/1']);
    assert.match(error.detail, new RegExp(`"owner".*${bob.agentId}`));
    accepted(await state(target, epoch('c', [mine, theirs]), steward));
    const late = accepted(await state(target, epoch('d', [unknown]), alice));
    assert.deepEqual(codesOf(late.warnings), ['unknown_reference']);
    assert.match(late.warnings[0]?.detail ?? '', /the record is kept/);
    const twice = accepted(await state(target, epoch('e', [unknown, unknown]), alice));
    assert.deepEqual(codesOf(twice.warnings), ['unknown_reference']);
    await target.database.close();
  });
});

describe('an alias', () => {
  const cases: readonly (readonly [PolicyTable['governance'], KeyPair | undefined, boolean])[] = [
    ['open', bob, true],
    ['owner', bob, false],
    ['owner', steward, true],
    ['owner', undefined, true],
    ['steward', bob, false],
    ['steward', steward, true],
  ];
  for (const [governance, pair, counts] of cases) {
    const who = pair === undefined ? 'the node' : pair === steward ? 'a steward' : 'a writer';
    it(`of ${who} under "${governance}" is ${counts ? 'in effect' : 'proposed'}`, async () => {
      const target = await openRuled({ governance });
      const { warnings } = accepted(await state(target, alias('a', 'b'), pair));
      assert.deepEqual(codesOf(warnings), counts ? [] : ['alias_proposed']);
      if (!counts) assert.match(warnings[0]?.detail ?? '', /governance.*aliases=all/);
      await target.database.close();
    });
  }
});

describe('votes and verdicts', () => {
  it('of a verdict agent count, others are kept with a warning', async () => {
    const target = await openRuled();
    const id = await stated(target, claim(), alice);
    const verdict = record('verdict', { target: id, outcome: 'accurate' });
    assert.deepEqual(accepted(await state(target, verdict, judge)).warnings, []);
    for (const pair of [alice, steward]) {
      const { warnings } = accepted(await state(target, verdict, pair));
      assert.deepEqual(codesOf(warnings), ['verdict_not_counted']);
      assert.match(warnings[0]?.detail ?? '', /verdict agents/);
    }
    await target.database.close();
  });

  it('have their bounds', async () => {
    const target = await openRuled();
    const id = await stated(target, claim());
    for (const weight of [-1, -0.5, 0, 1]) {
      accepted(await state(target, record('vote', { target: id, weight }), alice));
    }
    for (const weight of [-1.5, 1.01, '1', null]) {
      const error = refused(await state(target, record('vote', { target: id, weight }), alice));
      assert.deepEqual([error.code, error.faults?.[0]?.pointer], ['invalid_field', '/weight']);
    }
    const outcome = record('verdict', { target: id, outcome: 'true' });
    assert.equal(refused(await state(target, outcome, judge)).faults?.[0]?.pointer, '/outcome');
    await target.database.close();
  });
});

describe('what a later record may mend', () => {
  it('is a missing proof, a missing target, and what is said of a parent', () => {
    const fault = (code: 'forbidden', pointer: string) => ({
      code,
      detail: '',
      faults: [{ code, pointer, detail: '' }],
    });
    for (const code of ['agent_not_proved', 'not_found', 'transition_not_allowed'] as const) {
      assert.ok(mayBeMended({ code, detail: '' }));
    }
    assert.ok(mayBeMended(fault('forbidden', '/parent')));
    assert.ok(!mayBeMended(fault('forbidden', '/target')));
    for (const code of ['forbidden', 'invalid_field', 'signature_invalid'] as const) {
      assert.ok(!mayBeMended({ code, detail: '' }));
    }
  });
});
