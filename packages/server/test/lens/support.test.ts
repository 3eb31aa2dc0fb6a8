/** Support against an oracle that shares no idea with it: every matching tried, per threshold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Candidate } from '../../src/lens/lens.js';
import { skeptic } from '../../src/lens/skeptic.js';
import { candidate, candidates, run, runs, weightArbitrary } from './candidates.js';

/** Largest matching by trying, for each agent, every origin or none. */
function largestMatching(edges: readonly Candidate[]): number {
  const agents = [...new Set(edges.map((edge) => edge.agent))];
  const best = (place: number, taken: ReadonlySet<number>): number => {
    const agent = agents[place];
    if (agent === undefined) return 0;
    let most = best(place + 1, taken);
    for (const edge of edges) {
      if (edge.agent !== agent || taken.has(edge.origin)) continue;
      most = Math.max(most, 1 + best(place + 1, new Set([...taken, edge.origin])));
    }
    return most;
  };
  return best(0, new Set());
}

/** The integral over t of the largest matching among the claims with weight >= t. */
function oracleSupport(claims: readonly Candidate[]): number {
  const levels = [...new Set(claims.map((claim) => claim.confidence))].sort((a, b) => b - a);
  return levels.reduce((sum, level, place) => {
    const below = levels[place + 1] ?? 0;
    return sum + (level - below) * largestMatching(claims.filter((c) => c.confidence >= level));
  }, 0);
}

/** Kuhn's algorithm from scratch: slower than the lens, but fit for larger graphs. */
function kuhn(edges: readonly Candidate[]): number {
  const neighbours = new Map<number, number[]>();
  for (const { agent, origin } of edges) {
    neighbours.set(agent, [...(neighbours.get(agent) ?? []), origin]);
  }
  const partner = new Map<number, number>();
  const tryPair = (agent: number, seen: Set<number>): boolean =>
    (neighbours.get(agent) ?? []).some((origin) => {
      if (seen.has(origin)) return false;
      seen.add(origin);
      const holder = partner.get(origin);
      if (holder !== undefined && !tryPair(holder, seen)) return false;
      partner.set(origin, agent);
      return true;
    });
  return [...neighbours.keys()].filter((agent) => tryPair(agent, new Set())).length;
}

const claim = (vertices: number, weights: fc.Arbitrary<number>): fc.Arbitrary<Candidate> =>
  fc
    .record({
      value: fc.constant('v'),
      agent: fc.nat({ max: vertices - 1 }),
      origin: fc.nat({ max: vertices - 1 }),
      e: weights,
    })
    .map((draft) => candidate(draft));

const renumber = (rows: readonly Candidate[]): Candidate[] =>
  rows.map((row, n) => ({ ...row, id: candidate({ value: 'v', agent: 0, origin: 0 }, n).id }));

const supportOf = (rows: readonly Candidate[]): number => run(skeptic, rows).values[0]?.score ?? -1;

test('support is the oracle on small graphs, weights often equal', () => {
  const property = fc.property(
    fc.array(claim(5, weightArbitrary), { minLength: 1, maxLength: 14 }),
    (rows) => {
      assert.equal(supportOf(renumber(rows)), oracleSupport(rows));
    },
  );
  fc.assert(property, runs(1000, 100_000));
});

test('support is the sum of growing thresholds on larger graphs, weights all distinct', () => {
  const property = fc.property(
    fc.array(claim(40, fc.constant(1)), { minLength: 40, maxLength: 160 }),
    (drawn) => {
      const rows = renumber(drawn).map((row, n) => ({ ...row, confidence: 1_000_000 - n }));
      let expected = 0;
      let voices = 0;
      for (let n = 1; n <= rows.length; n++) {
        const now = kuhn(rows.slice(0, n));
        if (now > voices) expected += rows[n - 1]?.confidence ?? 0;
        voices = now;
      }
      assert.equal(supportOf(rows), expected);
      const roles = run(skeptic, rows, { explain: true }).roles ?? [];
      assert.equal(
        roles.reduce((sum, role) => sum + role.contribution, 0),
        expected,
      );
    },
  );
  fc.assert(property, runs(60, 5000));
});

test('a path that grows at both ends in turn augments along its whole length', () => {
  const length = 400;
  const rows = candidates(
    Array.from({ length }, (_, n) => {
      // Edge k of the path joins vertices k and k + 1; even ones are agents.
      const k = n % 2 === 0 ? length + n / 2 : length - (n + 1) / 2;
      const [agent, origin] = k % 2 === 0 ? [k, k + 1] : [k + 1, k];
      return { value: 'v', agent, origin, e: 1 - n / 1000 };
    }),
  );
  let expected = 0;
  for (let n = 0; n < length; n += 2) expected += rows[n]?.confidence ?? 0;
  assert.equal(supportOf(rows), expected);
});

test('a value that resists its searches is cut, counted, and cut alike in any order', () => {
  const length = 6000;
  const rows = candidates(
    Array.from({ length }, (_, n) => {
      const k = n % 2 === 0 ? length + n / 2 : length - (n + 1) / 2;
      const [agent, origin] = k % 2 === 0 ? [k, k + 1] : [k + 1, k];
      return { value: 'v', agent, origin, e: 1 - n / 10_000 };
    }),
  );
  const answer = run(skeptic, rows);
  assert.ok(answer.truncated > 0);
  assert.deepEqual(run(skeptic, rows.toReversed()), answer);
});

test('without any confidence several values are an even split', () => {
  const rows = candidates(
    ['a', 'b', 'c', 'd'].map((value, n) => ({ value, agent: n, origin: n, e: 0 })),
  );
  const answer = run(skeptic, rows);
  assert.deepEqual(answer.conflict, {
    conflictScore: 1,
    entropyBits: 2,
    valuesCount: 4,
    status: 'contested',
  });
  assert.equal(answer.values[0]?.share, 0);
  const alone = run(skeptic, rows.slice(0, 1)).conflict;
  assert.deepEqual([alone.conflictScore, alone.status], [0, 'unanimous']);
});
