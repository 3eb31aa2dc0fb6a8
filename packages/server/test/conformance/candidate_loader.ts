/**
 * What any candidate loader has to do: give every claim of a pair that was recorded by the moment,
 * each once, and no other.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HlcStamp, RecordId } from '@stemedb/model';
import type { CandidateLoader, Pair } from '../../src/store/candidate_loader.js';

/** A loader over claims that the maker of the loader knows. */
export interface LoaderFixture {
  readonly loader: CandidateLoader;
  readonly claims: readonly {
    readonly id: RecordId;
    readonly pair: Pair;
    readonly stamp: HlcStamp;
  }[];
  close(): Promise<void>;
}

const idsOf = async (
  loader: CandidateLoader,
  pair: Pair,
  asOf: HlcStamp,
): Promise<readonly RecordId[]> => {
  const ids: RecordId[] = [];
  for await (const chunk of loader.candidates(pair, asOf)) {
    for (const row of chunk) {
      assert.ok(row.stamp <= asOf);
      ids.push(row.id);
    }
  }
  return ids.sort();
};

export const candidateLoaderConformance = (
  name: string,
  make: () => Promise<LoaderFixture>,
): void => {
  test(`${name}: gives each claim once, at every moment`, async () => {
    const { loader, claims, close } = await make();
    assert.ok(claims.length > 10, 'the fixture has too few claims to show a thing');
    const key = (pair: Pair): string => `${pair.conceptPath}\0${pair.predicate}`;
    const pairs = new Map(claims.map(({ pair }) => [key(pair), pair]));
    for (const pair of pairs.values()) {
      for (const { stamp: asOf } of claims) {
        const expected = claims
          .filter((claim) => key(claim.pair) === key(pair) && claim.stamp <= asOf)
          .map((claim) => claim.id)
          .sort();
        assert.deepEqual(await idsOf(loader, pair, asOf), expected);
      }
    }
    await close();
  });

  test(`${name}: a pair without claims has no rows`, async () => {
    const { loader, claims, close } = await make();
    const last = claims.at(-1);
    assert.ok(last !== undefined);
    const pair = { conceptPath: 'nobody/speaks/of/this', predicate: last.pair.predicate };
    assert.deepEqual(await idsOf(loader, pair, last.stamp), []);
    await close();
  });
};
