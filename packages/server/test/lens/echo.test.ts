/** Fault 25: echoes, sybils, junk and floods, against the lenses that promise to stand them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { consensus } from '../../src/lens/consensus.js';
import { constraints } from '../../src/lens/constraints.js';
import { layered } from '../../src/lens/layered.js';
import type { Candidate, Resolution } from '../../src/lens/lens.js';
import { skeptic } from '../../src/lens/skeptic.js';
import { votes } from '../../src/lens/votes.js';
import {
  candidate,
  candidates,
  candidatesArbitrary,
  type Draft,
  draftArbitrary,
  run,
  runs,
} from './candidates.js';

const scoreOf = (answer: Resolution, value: string): number =>
  answer.values.find((ranked) => ranked.valueKey === value)?.score ?? 0;

/** Those that count independent voices; `votes` does so while nobody has voted. */
const voiceLenses = [consensus, votes, skeptic];

const further = draftArbitrary.map((draft) => candidate({ ...draft, stamp: 99 }, 999));

test('a thousand agents that repeat one source lose to three independent ones', () => {
  const echo = Array.from({ length: 1000 }, (_, n) => ({ value: 'echo', agent: n, origin: 1 }));
  const sources = [1, 2, 3].map((n) => ({ value: 'true', agent: 5000 + n, origin: 100 + n }));
  const rows = candidates([...echo, ...sources]);
  for (const lens of voiceLenses) {
    const answer = run(lens, rows);
    assert.equal(answer.values[0]?.valueKey, 'true');
    assert.equal(scoreOf(answer, 'true'), 3e9);
    assert.equal(scoreOf(answer, 'echo'), 1e9);
  }
});

test('one agent that cites a thousand sources is one voice', () => {
  const rows = candidates(
    Array.from({ length: 1000 }, (_, n) => ({ value: 'v', agent: 1, origin: n })),
  );
  assert.equal(scoreOf(run(consensus, rows), 'v'), 1e9);
});

test('a further claim never lowers the support of its value', () => {
  const property = fc.property(candidatesArbitrary, further, (rows, added) => {
    for (const lens of voiceLenses) {
      const before = scoreOf(run(lens, rows), added.valueKey);
      assert.ok(scoreOf(run(lens, [...rows, added]), added.valueKey) >= before, lens.name);
    }
  });
  fc.assert(property, runs(1000, 100_000));
});

test('an agent that repeats itself adds no voice', () => {
  const change = fc.record({ origin: fc.nat(20), e: fc.double({ min: 0, max: 1, noNaN: true }) });
  const property = fc.property(
    fc.array(draftArbitrary, { minLength: 1, maxLength: 20 }),
    change,
    fc.nat(9),
    (drafts, changed, at) => {
      // Every agent says one thing; the first then says it again otherwise.
      const single = drafts.filter(
        (draft, n) => drafts.findIndex((d) => d.agent === draft.agent) === n,
      );
      const [first] = single as [Draft, ...Draft[]];
      const before = candidates(single.map((draft, n) => ({ ...draft, origin: n + 100 })));
      const again = candidate({ ...first, ...changed, at, stamp: 99 }, 999);
      const answer = run(consensus, [...before, again]);
      assert.equal(scoreOf(answer, first.value), scoreOf(run(consensus, before), first.value));
    },
  );
  fc.assert(property, runs(1000, 100_000));
});

test('citing again at low confidence borrows nothing', () => {
  const rows = candidates([
    { value: 'v', agent: 1, origin: 1, e: 0.9 },
    { value: 'v', agent: 2, origin: 1, e: 0.9 },
    { value: 'v', agent: 1, origin: 2, e: 0.1 },
  ]);
  assert.equal(scoreOf(run(skeptic, rows), 'v'), 1e9);
});

test('junk values never hide the split of the two leading values', () => {
  const junk = fc
    .array(draftArbitrary, { maxLength: 30 })
    .map((drafts) => drafts.map((draft, n) => candidate({ ...draft, value: `junk${n}` }, 500 + n)));
  const property = fc.property(candidatesArbitrary, junk, (rows, noise) => {
    const all = [...rows, ...noise];
    const answer = run(skeptic, all);
    const leading = answer.values.slice(0, 2).map((value) => value.valueKey);
    const alone = run(
      skeptic,
      all.filter((row) => leading.includes(row.valueKey)),
    );
    assert.ok(answer.conflict.conflictScore >= alone.conflict.conflictScore);
  });
  fc.assert(property, runs(1000, 100_000));
});

test('ten thousand claims in a lower tier change nothing where tiers are promised', () => {
  const property = fc.property(candidatesArbitrary, (rows) => {
    const best = Math.min(...rows.map((row) => row.tier));
    fc.pre(best < 5);
    const flood = candidates(
      Array.from({ length: 10_000 }, (_, n) => ({
        id: `f${n}`,
        value: 'flood',
        agent: 100 + n,
        origin: 100 + n,
        tier: best + 1,
        r: 1,
      })),
    );
    for (const lens of [layered, constraints]) {
      const before = run(lens, rows);
      const after = run(lens, [...rows, ...flood]);
      assert.deepEqual(after.values, before.values);
      assert.equal(after.confidence, before.confidence);
    }
  });
  fc.assert(property, runs(20, 1000));
});

test('a later flood displaces nothing from the rows that have a voice', () => {
  const early = candidates(
    Array.from({ length: 50 }, (_, n) => ({ value: `v${n % 3}`, agent: n, origin: n })),
  );
  const flood: Candidate[] = candidates(
    Array.from({ length: 500 }, (_, n) => ({
      id: `a${n}`,
      value: 'v1',
      agent: 100 + n,
      origin: 100 + n,
      stamp: 1000 + n,
      at: -n,
    })),
  );
  for (const lens of voiceLenses) {
    const options = { supportRowsMax: 50, explain: true };
    const before = run(lens, early, options);
    const after = run(lens, [...flood, ...early], options);
    assert.equal(before.truncated, 0);
    assert.equal(after.truncated, 500);
    assert.deepEqual(
      after.values.map((value) => [value.valueKey, value.score, value.support]),
      before.values.map((value) => [value.valueKey, value.score, value.support]),
    );
    assert.match(after.roles?.[0]?.reason ?? '', /left out/);
  }
});
