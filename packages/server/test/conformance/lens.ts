/**
 * What every lens must hold, whoever wrote it: import this in a test file of your own and call
 * `lensConformance(yourLens)`. Candidates are random, small and often equal, and half of the times
 * they have votes. A failing property prints the seed and the smallest candidates that break it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Candidate, Lens, Resolution } from '../../src/lens/lens.js';
import { rowsPerStep } from '../../src/lens/lens.js';
import { candidates, question, run, runs, votedCandidatesArbitrary } from '../lens/candidates.js';

/** The same set in two orders; votes are turned round too. */
const shuffled = votedCandidatesArbitrary.chain((rows) =>
  fc.tuple(
    fc.constant(rows),
    fc
      .shuffledSubarray([...rows], { minLength: rows.length, maxLength: rows.length })
      .map((others) => others.map(turned)),
  ),
);

const turned = (row: Candidate): Candidate =>
  row.votes === undefined ? row : { ...row, votes: row.votes.toReversed() };

/** What the lens does not say it reads, made other than it was. */
const otherwise =
  (lens: Lens) =>
  (row: Candidate): Candidate => {
    const { votes, ...unvoted } = lens.usesTrust ? row : { ...row, trust: 1e9 - row.trust };
    return lens.usesVotes && votes !== undefined ? { ...unvoted, votes } : unvoted;
  };

/** Candidates by their ids, so that resolutions of equal but distinct ones can be compared. */
const named = (resolution: Resolution): string =>
  JSON.stringify(resolution, (key, value) => (key === 'representative' ? value.id : value));

const byId = (resolution: Resolution): Resolution =>
  resolution.roles === undefined
    ? resolution
    : { ...resolution, roles: [...resolution.roles].sort((a, b) => (a.id < b.id ? -1 : 1)) };

function checkShape(lens: Lens, rows: readonly Candidate[], answer: Resolution): void {
  const keys = answer.values.map((value) => value.valueKey);
  assert.equal(new Set(keys).size, keys.length, 'a value stands twice');
  assert.ok(!answer.hasWinner || keys.length > 0, 'a winner that is not there');
  assert.equal(answer.conflict.valuesCount, new Set(rows.map((row) => row.valueKey)).size);
  const { conflictScore, entropyBits, status } = answer.conflict;
  for (const figure of [answer.confidence, conflictScore]) {
    assert.ok(figure >= 0 && figure <= 1, `${lens.name}: ${figure} is not in [0, 1]`);
  }
  assert.ok(entropyBits >= 0);
  assert.equal(status === 'unanimous', answer.conflict.valuesCount === 1);
  answer.values.forEach((value, place) => {
    assert.ok(rows.includes(value.representative), 'a representative from elsewhere');
    assert.equal(value.representative.valueKey, value.valueKey);
    assert.ok(value.share === undefined || (value.share >= 0 && value.share <= 1));
    const before = answer.values[place - 1];
    assert.ok(before === undefined || before.score >= value.score, 'scores must fall');
  });
  assert.equal(answer.tied, keys.length > 1 && answer.values[0]?.score === answer.values[1]?.score);
}

/** Registers the tests that a lens must pass. */
export function lensConformance(lens: Lens): void {
  const check = (name: string, property: fc.IRawProperty<unknown>): void => {
    test(`${lens.name}: ${name}`, () => {
      fc.assert(property, runs(1000, 100_000));
    });
  };
  check(
    'the order of candidates does not matter',
    fc.property(shuffled, ([rows, other]) => {
      const options = { explain: true, supportRowsMax: 4 };
      assert.deepEqual(
        JSON.parse(named(byId(run(lens, other, options)))),
        JSON.parse(named(byId(run(lens, rows, options)))),
      );
    }),
  );
  check(
    'the same question has the same answer, byte for byte, explained or not',
    fc.property(votedCandidatesArbitrary, (rows) => {
      const answer = run(lens, rows);
      assert.equal(JSON.stringify(run(lens, rows)), JSON.stringify(answer));
      const { roles, ...explained } = run(lens, rows, { explain: true });
      assert.equal(JSON.stringify(explained), JSON.stringify(answer));
      assert.deepEqual(
        roles?.map((role) => role.id),
        rows.map((row) => row.id),
      );
    }),
  );
  check(
    'what it does not say it reads changes nothing',
    fc.property(votedCandidatesArbitrary, (rows) => {
      const answer = run(lens, rows.map(otherwise(lens)), { explain: true });
      assert.equal(named(answer), named(run(lens, rows, { explain: true })));
    }),
  );
  check(
    'figures stay in [0, 1] and values stand in order',
    fc.property(votedCandidatesArbitrary, (rows) => checkShape(lens, rows, run(lens, rows))),
  );
  check(
    'candidates are left as they were',
    fc.property(votedCandidatesArbitrary, (rows) => {
      const before = JSON.stringify(rows);
      for (const { votes } of rows) votes?.forEach((vote) => void Object.freeze(vote));
      for (const { votes } of rows) Object.freeze(votes);
      run(lens, Object.freeze(rows.map((row) => Object.freeze(row))), { explain: true });
      assert.equal(JSON.stringify(rows), before);
    }),
  );
  givesWay(lens);
}

/** Steps are counted, not timed: as many yields as the candidates alone call for. */
function givesWay(lens: Lens): void {
  test(`${lens.name}: gives way at least once in ${rowsPerStep} candidates`, () => {
    const count = rowsPerStep * 3;
    const rows = candidates(
      Array.from({ length: count }, (_, n) => ({
        value: `v${n % 3}`,
        agent: n,
        origin: n % 100,
        tier: n % 6,
        votes: [{ voter: n, weight: 1 }],
      })),
    );
    let yields = 0;
    const steps = lens.resolve(rows, question, { explain: false });
    while (steps.next().done !== true) yields += 1;
    assert.ok(yields >= count / rowsPerStep, `${yields} yields`);
  });
}
