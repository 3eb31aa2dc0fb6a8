/** Who falls with whom and whose chains are too long, against rounds over all of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeStamp, type RecordId } from '@stemedb/model';
import { type Ancestry, deeperThanMax, fallen } from '../../src/trust/ancestry.js';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import { premiseDepthMax } from '../../src/trust/taint.js';
import { Turns } from '../../src/trust/turns.js';
import { countOf, type Seeded, seeded, seedsOf } from '../support/seeded.js';
import { deeperByRounds, fallenByRounds } from './reference_ancestry.js';
import { factsOf, historiesOf } from './world.js';

const idOf = (at: number): RecordId => at.toString(16).padStart(64, '0') as RecordId;
const noTurns = (): Turns => new Turns(() => Promise.resolve());

/** A chain about as long as is followed, with edges across it, and some ends that are no keys. */
const randomAncestry = (random: Seeded): Ancestry => {
  const above = new Map<RecordId, readonly RecordId[]>();
  const length = random.pick([5, 63, 64, 65, 66, 90]);
  const isSparse = random.chance(0.5);
  for (let at = 0; at < length; at += 1) {
    if (random.chance(0.02)) continue;
    const premises = random.chance(0.97) && at > 0 ? [idOf(at - 1)] : [];
    while (random.chance(isSparse ? 0.1 : 0.6) && at > 0) premises.push(idOf(random.below(at)));
    above.set(idOf(at), random.shuffled(premises));
  }
  return new Map(random.shuffled([...above]));
};

test('it is as rounds over all of them find it', async () => {
  let [cascades, deep] = [0, 0];
  for (const seed of seedsOf(countOf(1000, 50_000))) {
    const random = seeded(seed);
    const above = randomAncestry(random);
    const retracted = new Set(Array.from({ length: 3 }, () => idOf(random.below(90))));
    const isRetracted = (id: RecordId): boolean => retracted.has(id);
    const out = await fallen(above, isRetracted, noTurns());
    assert.deepEqual(out, fallenByRounds(above, isRetracted), `seed ${seed}`);
    const deeper = await deeperThanMax(above, noTurns());
    assert.deepEqual(deeper, deeperByRounds(above), `seed ${seed}`);
    cascades += out.size - retracted.size;
    deep += deeper.size;
  }
  assert.ok(cascades > 1000 && deep > 100, `${cascades} cascades, ${deep} too deep`);
});

/** Premises that tell how often they are looked through. */
class Watched extends Array<RecordId> {
  static looks = 0;
  static sinceTurn = 0;

  static look(): void {
    Watched.looks += 1;
    Watched.sinceTurn += 1;
  }

  static override get [Symbol.species](): ArrayConstructor {
    return Array;
  }

  override [Symbol.iterator](): ReturnType<RecordId[]['values']> {
    Watched.look();
    return super[Symbol.iterator]();
  }

  override find(...by: Parameters<RecordId[]['find']>): RecordId | undefined {
    Watched.look();
    return super.find(...by);
  }

  override some(...by: Parameters<RecordId[]['some']>): boolean {
    Watched.look();
    return super.some(...by);
  }
}

test('a deep and wide ancestry is looked through a few times, with turns for others', async () => {
  const above = new Map<RecordId, readonly RecordId[]>();
  const [width, each] = [5000, 63];
  for (let at = 1; at <= premiseDepthMax; at += 1) above.set(idOf(at), Watched.of(idOf(at - 1)));
  for (let at = 0; at < width; at += 1) {
    const premises = Array.from({ length: each }, (_, depth) => idOf(depth + 1));
    above.set(idOf(1000 + at), Watched.from(premises));
  }
  Watched.looks = 0;
  Watched.sinceTurn = 0;
  let longest = 0;
  const turns = new Turns(async () => {
    longest = Math.max(longest, Watched.sinceTurn);
    Watched.sinceTurn = 0;
  });
  const out = await fallen(above, (id) => id === idOf(0), turns);
  assert.equal(out.size, width + premiseDepthMax + 1);
  assert.equal((await deeperThanMax(above, turns)).size, 0);
  assert.ok(Watched.looks > 0 && Watched.looks <= 6 * above.size, `${Watched.looks} looks`);
  assert.ok(longest > 0 && longest * each <= 5 * 4096, `${longest} looks without a turn`);
});

test('what may rest on nothing is not read', async () => {
  const asOf = makeStamp(1, 0, '0'.repeat(16));
  const claim = (): never => assert.fail('It was read.');
  const facts = { ...factsOf([], asOf), claim };
  const { provenance } = createClaimRules({ records: historiesOf([]), facts });
  const found = await provenance.tainted([idOf(1), idOf(2)], asOf, () => false);
  assert.equal(found.size, 0);
  await assert.rejects(provenance.tainted([idOf(3)], asOf), /It was read/);
});
