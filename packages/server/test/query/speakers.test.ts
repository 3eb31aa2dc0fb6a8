/** Who speaks is found out once, and not remembered for ever: a question goes over many pairs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zeroStamp } from '@stemedb/model';
import type { Lens } from '../../src/lens/lens.js';
import { CandidateWeigher } from '../../src/query/candidates.js';
import type { GatheredClaim } from '../../src/query/gathering.js';
import type { Reading } from '../../src/query/readings.js';
import { PolicyHistory } from '../../src/trust/policy_history.js';
import type { ClaimRules } from '../../src/trust/rules.js';
import { question } from './asking.js';

/** A weigher of claims that are only looked at for their origins; `found` counts by origin. */
const weigherOf = (found: Map<number, number>): CandidateWeigher => {
  const resolve = (number: number) => {
    found.set(number, (found.get(number) ?? 0) + 1);
    return { agent: `${number}`, origin: 'uri:https://example.org/', cited: undefined };
  };
  const reading = {
    pace: { spend: () => undefined },
    policy: new PolicyHistory().inForce(zeroStamp),
    moment: { ms: 0, stamp: zeroStamp },
    origins: { resolve },
  } as unknown as Reading;
  const parts = { lens: {} as Lens, rules: {} as ClaimRules, limits: {} as never };
  return new CandidateWeigher({ question: question(), reading, ...parts });
};

const claimOf = (originNumber: number): GatheredClaim => {
  const row = {
    originNumber,
    agentNumber: originNumber,
    classNumber: 0,
    epochNumber: 0,
    confidence: 1,
    assertedMs: 0,
    stamp: zeroStamp,
    lifecycle: 'proposed',
  };
  return { row, voice: row, conceptPath: 'a/b' } as unknown as GatheredClaim;
};

const claims = (from: number, count: number): readonly GatheredClaim[] =>
  Array.from({ length: count }, (_, at) => claimOf(from + at));

test('a speaker of several pairs is found out once', async () => {
  const found = new Map<number, number>();
  const weigher = weigherOf(found);
  for (let pair = 0; pair < 4; pair += 1) await weigher.weigh(claims(0, 3));
  assert.deepEqual([...found.values()], [1, 1, 1]);
});

test('the speakers of wide pairs are forgotten, also when they cite one source', async () => {
  const found = new Map<number, number>();
  const weigher = weigherOf(found);
  await weigher.weigh(claims(0, 3));
  await weigher.weigh(claims(3, 20_000));
  const { candidates } = await weigher.weigh(claims(0, 3));
  assert.deepEqual([found.get(0), found.get(1), found.get(2)], [2, 2, 2]);
  assert.deepEqual(new Set(candidates.map(({ origin }) => origin)), new Set([0]));
});
