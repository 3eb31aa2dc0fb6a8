/** The rules over random histories: against a plain restatement, and in every order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AgentId, HlcStamp, RecordId } from '@stemedb/model';
import fc from 'fast-check';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import { JudgementMemo } from '../../src/trust/judgement_memo.js';
import type { ClaimRules } from '../../src/trust/rules.js';
import { countOf, seeded } from '../support/seeded.js';
import { alice, bob, carol } from '../support/story.js';
import { paths, randomSteps, toldBy } from './random_rules.js';
import { ReferenceRevisions } from './reference_revisions.js';
import { factsOf, historiesOf, knownOf, newestOf, rowsOf, rulesOf } from './world.js';

const startMs = Date.UTC(2026, 0, 1);
const agents: readonly AgentId[] = [alice, bob, carol];
const numRuns = countOf(300, 20_000);

test('standings are those of a plain restatement of the rules', async () => {
  const seen = new Map<string, number>();
  const count = (what: string): void => void seen.set(what, (seen.get(what) ?? 0) + 1);
  const steps = randomSteps(14, ['claim', 'child', 'child', 'child', 'supersession', 'policy']);
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 0, max: 13 }), async (told, at) => {
      const { records } = toldBy(told, startMs);
      const asOf = records[records.length - 1 - (at % records.length)]?.stamp ?? newestOf(records);
      const known = knownOf(records);
      const rows = rowsOf(records, asOf);
      const ids = rows.map(({ id }) => id);
      const reference = new ReferenceRevisions(historiesOf(known), factsOf(known, asOf), ids);
      const rules = rulesOf(records, { asOf });
      const standings = await rules.standings(rows);
      const taints = (await rules.taint?.tainted(ids, asOf)) ?? new Map();
      for (const { id, lifecycle } of rows) {
        const standing = standings.get(id);
        const isOut = taints.get(id)?.out === true;
        const found = {
          lifecycle: standing?.lifecycle ?? lifecycle,
          voice: standing?.transitionsOf?.at(-1) ?? id,
          isOut,
          isSucceeded: !isOut && standing?.succeededBy !== undefined,
        };
        assert.deepEqual(found, reference.standing(id), id);
        if (found.voice !== id) count('transition');
        if (found.isSucceeded) count('succeeded');
        if (isOut) count(`out by ${taints.get(id)?.why}`);
        if (found.lifecycle !== lifecycle) count('state not counted');
      }
    }),
    { numRuns },
  );
  // Without these the runs would have shown nothing.
  for (const what of ['transition', 'succeeded', 'out by retract', 'out by cascade']) {
    assert.ok((seen.get(what) ?? 0) > 10, `${what}: ${seen.get(what)}`);
  }
  assert.ok((seen.get('state not counted') ?? 0) > 10);
});

/** Everything that the rules say at a moment, as text. */
const everything = async (
  rules: ClaimRules,
  records: readonly MergeRecord[],
  asOf: HlcStamp,
): Promise<string> => {
  const ids: readonly RecordId[] = [...new Set(knownOf(records).map(({ id }) => id))].sort();
  const standings = await rules.standings(rowsOf(records, asOf));
  const taints = (await rules.taint?.tainted(ids, asOf)) ?? new Map();
  return JSON.stringify({
    standings: [...standings].sort(),
    taints: [...taints].sort(),
    epochs: ids.map((id) => rules.epochSupersededBy(id) ?? null),
    effects: ids.map((id) => rules.withoutEffect(id) ?? null),
    joined: paths.flatMap((path) =>
      (['effective', 'all', 'none'] as const).map((which) => rules.joined(path, which)),
    ),
    trust: agents.map((agent) => [rules.trustOf(agent), rules.trustSteps(agent)]),
    moves: rules.trustMoves,
  });
};

test('every order of arrival gives the same rules, at every moment', async () => {
  await fc.assert(
    fc.asyncProperty(randomSteps(24), fc.nat(), async (told, seed) => {
      const { records } = toldBy(told, startMs);
      const random = seeded(seed);
      // Some come again, as another node recorded them.
      const again = random.shuffled(records).slice(0, 3);
      const later = again.map((one, at) => ({ ...one, stamp: stampOf(records, at) }));
      const all = [...records, ...later];
      const shuffled = random.shuffled(all);
      for (const { stamp: asOf } of all) {
        const one = await everything(rulesOf(all, { asOf }), all, asOf);
        const other = await everything(rulesOf(shuffled, { asOf }), shuffled, asOf);
        assert.equal(other, one);
      }
    }),
    { numRuns: countOf(60, 4000) },
  );
});

/** The stamp of some record, so that a second recording may be the earlier one. */
const stampOf = (records: readonly MergeRecord[], at: number): HlcStamp =>
  records[(at * 7) % records.length]?.stamp ?? newestOf(records);

test('what is kept of judgements answers as reading them again does', async () => {
  let used = 0;
  const kinds = [
    'claim',
    'child',
    'verdict',
    'verdict',
    'attestation',
    'supersession',
    'policy',
  ] as const;
  await fc.assert(
    fc.asyncProperty(randomSteps(24, kinds), fc.nat(), async (told, seed) => {
      const random = seeded(seed);
      const { records } = toldBy(told, startMs, (story) => {
        story.policy({ governance: 'open', verdict_agents: [alice, bob, carol] });
      });
      // Some were recorded later than what is said of them.
      const moved = records.map((one) =>
        random.chance(0.2) ? { ...one, stamp: random.pick(records).stamp } : one,
      );
      const known = knownOf(random.chance(0.5) ? moved : random.shuffled(moved));
      const memo = new JudgementMemo();
      for (const one of known) {
        memo.note(one);
        // Now and then a question, at some moment and over this or an older view of the store.
        if (random.chance(0.4)) continue;
        const asOf = random.pick(known).stamp;
        const seen = random.chance(0.3) ? random.below(one.sequence + 1) : one.sequence;
        const parts = {
          records: historiesOf(known.slice(0, one.sequence)),
          facts: factsOf(known, asOf, seen),
        };
        const [kept, fresh] = [
          createClaimRules({ ...parts, judgements: memo }),
          createClaimRules(parts),
        ];
        if (random.chance(0.5)) await kept.readTrust();
        for (const agent of agents) {
          assert.equal(kept.trustOf(agent), fresh.trustOf(agent));
          assert.deepEqual(kept.trustSteps(agent), fresh.trustSteps(agent));
          used += fresh.trustSteps(agent).length;
        }
      }
    }),
    { numRuns },
  );
  assert.ok(used > 400, `${used} steps`);
});
