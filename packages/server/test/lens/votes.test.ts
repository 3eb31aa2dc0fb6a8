/** `votes`: one voter, one vote a value, the last one; and what happens without any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { consensus } from '../../src/lens/consensus.js';
import type { Candidate, CandidateVote, Resolution } from '../../src/lens/lens.js';
import { rowsPerStep } from '../../src/lens/lens.js';
import { votes } from '../../src/lens/votes.js';
import {
  candidates,
  candidatesArbitrary,
  question,
  run,
  runs,
  vote,
  voteArbitrary,
  votedCandidatesArbitrary,
} from './candidates.js';

const newVoter = 99;

const scoreOf = (answer: Resolution, value: string): number | undefined =>
  answer.values.find((ranked) => ranked.valueKey === value)?.score;

const scores = (answer: Resolution): Map<string, number> =>
  new Map(answer.values.map(({ valueKey, score }) => [valueKey, score]));

/** The votes of a value, each voter's last: by sorting all and looking each voter up. */
function lastVotes(rows: readonly Candidate[], value: string): CandidateVote[] {
  const all = rows
    .filter((row) => row.valueKey === value)
    .flatMap((row) => row.votes ?? [])
    .sort((a, b) => a.effectiveMs - b.effectiveMs || (a.id < b.id ? -1 : 1));
  const voters = [...new Set(all.map(({ voter }) => voter))];
  return voters.map((voter) => all.findLast((one) => one.voter === voter) as CandidateVote);
}

const isCounted = ({ weight }: CandidateVote): boolean => weight !== 0;

const hasVotes = (rows: readonly Candidate[]): boolean =>
  rows.some((row) => lastVotes(rows, row.valueKey).some(isCounted));

/** The rows with a further vote on the claim at a place. */
const withVote = (rows: readonly Candidate[], at: number, added: CandidateVote): Candidate[] =>
  rows.map((row, n) =>
    n === at % rows.length ? { ...row, votes: [...(row.votes ?? []), added] } : row,
  );

const property = (name: string, body: fc.IRawProperty<unknown>): void => {
  test(name, () => fc.assert(body, runs(1000, 100_000)));
};

property(
  'a score is the sum of the last votes, and roles add up to it',
  fc.property(votedCandidatesArbitrary, (rows) => {
    fc.pre(hasVotes(rows));
    const answer = run(votes, rows, { explain: true });
    let positive = 0;
    for (const { valueKey, score } of answer.values) {
      const sum = lastVotes(rows, valueKey).reduce((total, { weight }) => total + weight, 0);
      assert.equal(score, sum);
      positive += Math.max(0, sum);
      const claims = rows.filter((row) => row.valueKey === valueKey).map(({ id }) => id);
      const added = answer.roles?.filter(({ id }) => claims.includes(id)) ?? [];
      assert.equal(
        added.reduce((total, { contribution }) => total + contribution, 0),
        sum,
      );
    }
    const best = Math.max(0, answer.values[0]?.score ?? 0);
    const share = positive === 0 ? 0 : best / positive;
    assert.ok(Math.abs(answer.confidence - share) < 1e-9);
    assert.equal(answer.notes, undefined);
  }),
);

property(
  'a new voter raises its value by its weight, and moves no other',
  fc.property(votedCandidatesArbitrary, fc.nat(), voteArbitrary, (rows, at, draft) => {
    fc.pre(hasVotes(rows));
    const added = vote({ ...draft, voter: newVoter, id: 'new' });
    const before = scores(run(votes, rows));
    const value = rows[at % rows.length]?.valueKey ?? '';
    before.set(value, (before.get(value) ?? 0) + added.weight);
    assert.deepEqual([...scores(run(votes, withVote(rows, at, added)))].sort(), [...before].sort());
  }),
);

property(
  'a vote said again, an earlier one and a withdrawal by somebody new change nothing',
  fc.property(votedCandidatesArbitrary, fc.nat(), voteArbitrary, (rows, at, draft) => {
    const value = rows[at % rows.length]?.valueKey ?? '';
    const [known] = lastVotes(rows, value);
    const expected = scores(run(votes, rows));
    const repeated = known === undefined ? [] : [known];
    const earlier = repeated.map(({ voter }) => vote({ ...draft, voter, at: -1, id: 'new' }));
    const withdrawal = vote({ ...draft, voter: newVoter, weight: 0, id: 'new' });
    for (const added of [...repeated, ...earlier, withdrawal]) {
      assert.deepEqual(scores(run(votes, withVote(rows, at, added))), expected);
    }
  }),
);

property(
  'without a vote that counts it is consensus, and says so',
  fc.property(candidatesArbitrary, fc.nat(), voteArbitrary, (rows, at, draft) => {
    const voted = withVote(rows, at, vote({ ...draft, at: 1, id: 'one' }));
    const withdrawn = withVote(voted, at, vote({ ...draft, weight: 0, at: 2, id: 'two' }));
    for (const unvoted of [rows, withdrawn]) {
      const { notes, ...answer } = run(votes, unvoted, { explain: true });
      assert.deepEqual(answer, run(consensus, unvoted, { explain: true }));
      assert.match(notes?.join() ?? '', /consensus/);
    }
  }),
);

property(
  'claims without votes move no score, however many',
  fc.property(votedCandidatesArbitrary, fc.nat(500), (rows, count) => {
    fc.pre(hasVotes(rows));
    const flood = candidates(
      Array.from({ length: count }, (_, n) => ({ id: `f${n}`, value: 'a', agent: n, origin: n })),
    );
    const after = run(votes, [...rows, ...flood]);
    for (const [value, score] of scores(run(votes, rows))) {
      assert.equal(scoreOf(after, value), score);
    }
  }),
);

test('one voter with a vote on each of a thousand claims of a value counts once', () => {
  const echo = Array.from({ length: 1000 }, (_, n) => ({
    value: 'echo',
    agent: n,
    origin: n,
    votes: [{ voter: 1, weight: 1, at: n }],
  }));
  const other = { value: 'other', agent: 1, origin: 1 };
  const two = [2, 3].map((voter) => ({ voter, weight: 1 }));
  const answer = run(votes, candidates([...echo, { ...other, votes: two }]));
  assert.deepEqual(scores(answer), new Map(Object.entries({ other: 2e9, echo: 1e9 })));
  assert.equal(answer.confidence, 0.666666667);
});

test('a voter may vote for several values, and is counted for each', () => {
  const rows = candidates([
    { value: 'a', agent: 1, origin: 1, votes: [{ voter: 1, weight: 1, at: 1 }] },
    { value: 'b', agent: 2, origin: 2, votes: [{ voter: 1, weight: 0.5, at: 2 }] },
  ]);
  assert.deepEqual(scores(run(votes, rows)), new Map(Object.entries({ a: 1e9, b: 5e8 })));
});

test('where every sum is at most 0 the highest wins with confidence 0', () => {
  const against = (weight: number): { votes: { voter: number; weight: number }[] } => ({
    votes: [{ voter: 1, weight }],
  });
  const rows = candidates([
    { value: 'a', agent: 1, origin: 1, ...against(-1) },
    { value: 'b', agent: 2, origin: 2, ...against(-0.5) },
  ]);
  const answer = run(votes, rows);
  assert.deepEqual(
    answer.values.map(({ valueKey, score, share }) => [valueKey, score, share]),
    [
      ['b', -5e8, 0],
      ['a', -1e9, 0],
    ],
  );
  assert.equal(answer.confidence, 0);
  const unvoted = candidates([{ id: 'z', value: 'c', agent: 3, origin: 3 }]);
  assert.equal(run(votes, [...rows, ...unvoted]).values[0]?.valueKey, 'c');
});

test('the claim with the most of the counted votes stands for its value, and ties are told', () => {
  const rows = candidates([
    { value: 'a', agent: 1, origin: 1, tier: 0, votes: [{ voter: 1, weight: 0.25 }] },
    { value: 'a', agent: 2, origin: 2, tier: 5, votes: [{ voter: 2, weight: 0.75 }] },
    { value: 'b', agent: 3, origin: 3, tier: 0, votes: [{ voter: 3, weight: 1 }] },
  ]);
  const answer = run(votes, rows);
  assert.equal(answer.tied, true);
  assert.deepEqual(
    answer.values.map((value) => value.representative.id),
    ['c00000002', 'c00000001'],
  );
});

test('an explanation says whose votes count where, and why a value lost', () => {
  const rows = candidates([
    { value: 'a', agent: 1, origin: 1, votes: [{ voter: 1, weight: 1, at: 1 }] },
    {
      value: 'a',
      agent: 2,
      origin: 2,
      votes: [1, 2].map((voter) => ({ voter, weight: 1, at: 2 })),
    },
    { value: 'b', agent: 3, origin: 3, votes: [{ voter: 3, weight: -1 }] },
  ]);
  const lost = '; lost: a smaller sum of votes than the winner';
  assert.deepEqual(
    run(votes, rows, { explain: true }).roles?.map((role) => [role.contribution, role.reason]),
    [
      [0, 'adds nothing: no voter cast the last vote for its value here'],
      [2e9, 'adds the last votes of 2 voters for its value'],
      [-1e9, `adds the last votes of 1 voter for its value${lost}`],
    ],
  );
});

test('votes are work: a claim with many of them gives way as often', () => {
  const many = Array.from({ length: rowsPerStep * 3 }, (_, voter) => ({ voter, weight: 1 }));
  const rows = candidates([{ value: 'a', agent: 1, origin: 1, votes: many }]);
  let yields = 0;
  const steps = votes.resolve(rows, question, { explain: false });
  while (steps.next().done !== true) yields += 1;
  assert.ok(yields >= 6, `${yields} yields`);
});
