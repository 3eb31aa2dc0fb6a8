/** Which epochs stand, which concepts are one, and what a list says has no effect. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentId, makeStamp, type RecordId } from '@stemedb/model';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import { JudgementMemo } from '../../src/trust/judgement_memo.js';
import { type EffectivePolicy, PolicyHistory } from '../../src/trust/policy_history.js';
import { emptyRecords, type RuleRecords } from '../../src/trust/rule_records.js';
import { aliasPathsMax } from '../../src/trust/rules.js';
import { alice, bob, carol, Story } from '../support/story.js';
import { factsOf, rulesOf } from './world.js';

const startMs = Date.UTC(2026, 0, 1);
const unknown = '7'.repeat(64) as RecordId;

class Era extends Story {
  constructor() {
    super(startMs);
  }

  epoch(author: AgentId, ...supersedes: readonly RecordId[]): RecordId {
    const fields = { name: `epoch ${this.records.length}` };
    return this.record('epoch', author, supersedes.length > 0 ? { ...fields, supersedes } : fields);
  }

  alias(author: AgentId, a: string, b: string, proof?: 'node'): RecordId {
    return this.record('alias', author, { a, b }, {}, proof);
  }

  supersededBy(id: RecordId): RecordId | undefined {
    return rulesOf(this.records).epochSupersededBy(id);
  }

  effectOf(id: RecordId): string | undefined {
    return rulesOf(this.records).withoutEffect(id);
  }
}

describe('an epoch', () => {
  it('stands until its author states another that supersedes it', () => {
    const era = new Era();
    const old = era.epoch(alice);
    const before = era.now;
    const strange = era.epoch(bob, old);
    assert.equal(era.supersededBy(old), undefined);
    const next = era.epoch(alice, old);
    assert.equal(era.supersededBy(old), next);
    assert.equal(era.supersededBy(next), undefined);
    assert.equal(rulesOf(era.records, { asOf: before }).epochSupersededBy(old), undefined);
    assert.match(era.effectOf(strange) ?? '', /governance "owner"/);
    assert.equal(era.effectOf(next), undefined);
  });

  it('comes back when its successor is taken back, not when that is superseded', () => {
    const era = new Era();
    const old = era.epoch(alice);
    const next = era.epoch(alice, old);
    const third = era.epoch(alice, next);
    assert.equal(era.supersededBy(old), next);
    era.retract(alice, next);
    assert.equal(era.supersededBy(old), undefined);
    assert.match(era.effectOf(next) ?? '', /retracted/);
    assert.notEqual(era.supersededBy(next), third);
    era.restore(alice, next);
    assert.equal(era.supersededBy(old), next);
  });

  it('is out when it is itself retracted or replaced', () => {
    const era = new Era();
    const [one, other] = [era.epoch(alice), era.epoch(alice)];
    const by = era.retract(alice, one);
    assert.equal(era.supersededBy(one), by);
    assert.equal(era.supersededBy(other), undefined);
    const replaced = era.replace(alice, other, one);
    assert.equal(era.supersededBy(other), replaced);
    assert.equal(era.supersededBy(one), undefined);
  });

  it('is superseded under the governance at the stamp of its successor', () => {
    const era = new Era();
    const old = era.epoch(alice);
    era.epoch(bob, old);
    era.policy({ governance: 'open' });
    const within = era.epoch(bob, old);
    era.policy({ governance: 'steward', stewards: [carol] });
    const after = era.epoch(alice, old);
    assert.equal(era.supersededBy(old), within);
    assert.match(era.effectOf(after) ?? '', /governance "steward"/);
  });

  it('is superseded once it is known, and a claim is none', () => {
    const era = new Era();
    const claim = era.claim(alice);
    const next = era.epoch(alice, unknown, claim);
    assert.equal(era.supersededBy(unknown), undefined);
    assert.equal(era.supersededBy(claim), undefined);
    assert.match(era.effectOf(next) ?? '', /no epoch/);
    const own = era.epoch(alice);
    const mixed = era.epoch(alice, unknown, own);
    assert.equal(era.effectOf(mixed), undefined);
  });
});

describe('aliases', () => {
  const joinedIn = (era: Era, path: string, which: 'effective' | 'all' | 'none') =>
    rulesOf(era.records).joined(path, which).paths;

  const governances = [
    { table: { governance: 'open' }, effective: [alice, carol] },
    { table: { governance: 'owner', stewards: [carol] }, effective: [carol] },
    { table: { governance: 'steward', stewards: [carol] }, effective: [carol] },
    { table: { governance: 'owner' }, effective: [] },
  ] as const;
  for (const { table, effective } of governances) {
    it(`under ${JSON.stringify(table)}`, () => {
      for (const author of [alice, carol]) {
        const era = new Era();
        era.policy(table);
        const alias = era.alias(author, 'a', 'b');
        const counts = effective.some((one) => one === author);
        assert.deepEqual(joinedIn(era, 'a', 'effective'), counts ? ['a', 'b'] : ['a']);
        assert.deepEqual(joinedIn(era, 'b', 'all'), ['b', 'a']);
        assert.deepEqual(joinedIn(era, 'a', 'none'), ['a']);
        assert.equal(era.effectOf(alias) === undefined, counts);
      }
      const era = new Era();
      era.policy(table);
      era.alias(bob, 'a', 'b', 'node');
      assert.deepEqual(joinedIn(era, 'a', 'effective'), ['a', 'b']);
    });
  }

  it('that were taken back join nothing', () => {
    const era = new Era();
    const alias = era.alias(alice, 'a', 'b', 'node');
    era.retract(bob, alias);
    assert.deepEqual(joinedIn(era, 'a', 'effective'), ['a']);
    assert.deepEqual(joinedIn(era, 'a', 'all'), ['a']);
    era.restore(bob, alias);
    assert.deepEqual(joinedIn(era, 'a', 'effective'), ['a', 'b']);
  });

  it('are followed breadth-first, neighbours by their bytes', () => {
    const era = new Era();
    era.policy({ governance: 'open' });
    // U+FF5E comes before U+1F9EA in bytes, and after it in UTF-16.
    for (const [a, b] of [
      ['m', '\u{1f9ea}'],
      ['m', '\uff5e'],
      ['b', 'm'],
      ['a', 'b'],
      ['a', 'm'],
      ['c', '\uff5e'],
      ['x', 'y'],
    ] as const) {
      era.alias(alice, a, b);
    }
    const found = rulesOf(era.records).joined('m', 'effective');
    assert.deepEqual(found, {
      paths: ['m', 'a', 'b', '\uff5e', '\u{1f9ea}', 'c'],
      truncated: false,
    });
  });

  it('join at most 64 paths, and say when there are more', () => {
    for (const [others, truncated] of [
      [aliasPathsMax - 1, false],
      [aliasPathsMax, true],
    ] as const) {
      const era = new Era();
      era.policy({ governance: 'open' });
      for (let at = 0; at < others; at += 1) era.alias(alice, 'a', `b${100 + at}`);
      const found = rulesOf(era.records).joined('a', 'effective');
      assert.equal(found.paths.length, aliasPathsMax);
      assert.equal(found.truncated, truncated);
    }
  });
});

/** The policy, and how often it was asked for. */
class AskedPolicies extends PolicyHistory {
  asked = 0;

  override inForce(...view: Parameters<PolicyHistory['inForce']>): EffectivePolicy {
    this.asked += 1;
    return super.inForce(...view);
  }
}

describe('a hub of 20,000 aliases', () => {
  const others = 20_000;
  const stamp = makeStamp(startMs, 0, '0'.repeat(16));
  const nameOf = (at: number): string => `b${100_000 + at}`;
  const hub = (byNode: boolean): { policies: AskedPolicies; records: RuleRecords } => {
    const policies = new AskedPolicies();
    const records = emptyRecords(policies);
    for (let at = others - 1; at >= 0; at -= 1) {
      records.aliases.add({
        id: at.toString(16).padStart(64, '0') as RecordId,
        stamp,
        sequence: others - at,
        byNode,
        content: { kind: 'alias', v: 1, agent_id: alice, asserted_at: 1, a: 'a', b: nameOf(at) },
      });
    }
    return { policies, records };
  };

  it('is read no further than 64 paths, and once a question', () => {
    const { policies, records } = hub(true);
    const rules = createClaimRules({ records, facts: factsOf([], stamp, others) });
    const found = rules.joined('a', 'effective');
    const first = Array.from({ length: aliasPathsMax - 1 }, (_, at) => nameOf(at));
    assert.deepEqual(found, { paths: ['a', ...first], truncated: true });
    for (let at = 100; at < 1100; at += 1) {
      const { paths } = rules.joined(nameOf(at), 'effective');
      assert.deepEqual(paths, [nameOf(at), 'a', ...first.slice(0, -1)]);
    }
    // Each of the others has one alias of its own.
    assert.ok(policies.asked < 1000 + 2 * aliasPathsMax, `asked ${policies.asked} times`);
  });

  it('of proposals is looked through once a question', () => {
    const { policies, records } = hub(false);
    const rules = createClaimRules({ records, facts: factsOf([], stamp, others) });
    for (const _ of [1, 2, 3]) assert.deepEqual(rules.joined('a', 'effective').paths, ['a']);
    assert.ok(policies.asked <= others + 1, `asked ${policies.asked} times`);
  });

  it('is put in order once, until another alias comes', () => {
    const { records } = hub(true);
    const { aliases } = records;
    const before = aliases.neighbours('a');
    assert.equal(aliases.neighbours('a'), before);
    const [alias] =
      aliases.neighbours(nameOf(7))[0]?.aliases({
        asOf: stamp,
        appliedSequence: others,
      }) ?? [];
    assert.ok(alias !== undefined);
    aliases.add({ ...alias, content: { ...alias.content, b: 'aa' } });
    assert.equal(aliases.neighbours('a')[0]?.path, 'aa');
    assert.equal(before[0]?.path, nameOf(0));
  });
});

describe('without effect', () => {
  it('is a supersession by a stranger, or of what is not known', () => {
    const era = new Era();
    const one = era.claim(alice);
    assert.match(era.effectOf(era.retract(bob, one)) ?? '', /governance "owner"/);
    assert.match(era.effectOf(era.retract(bob, unknown)) ?? '', /no record/);
    const own = era.retract(alice, one);
    era.retract(alice, own);
    assert.equal(era.effectOf(own), undefined);
  });

  it('is a vote that was taken back or whose claim is not known', () => {
    const era = new Era();
    const vote = era.record('vote', bob, { target: era.claim(alice), weight: 1 });
    assert.equal(era.effectOf(vote), undefined);
    era.retract(bob, vote);
    assert.match(era.effectOf(vote) ?? '', /retracted/);
    const lost = era.record('vote', bob, { target: unknown, weight: 1 });
    assert.match(era.effectOf(lost) ?? '', /no assertion/);
  });

  it('is nothing of another kind', () => {
    const era = new Era();
    assert.equal(era.effectOf(era.claim(alice)), undefined);
    assert.equal(era.effectOf(era.source(alice)), undefined);
    assert.equal(era.effectOf(unknown), undefined);
  });
});

describe('an assumed retraction', () => {
  it('cascades as one that was stated last, and leaves no trace', async () => {
    const era = new Era();
    const source = era.source(alice);
    const cited = era.claim(bob, { source });
    const top = era.claim(carol, { derived_from: [cited] });
    const other = era.claim(carol);
    era.retract(alice, source);
    era.restore(alice, source);
    const ids = [source, cited, top, other];
    const asked = (assume?: { retracted: RecordId }) =>
      rulesOf(era.records, assume === undefined ? {} : { assume }).taint?.tainted(ids, era.now);
    assert.deepEqual(
      [...((await asked({ retracted: source })) ?? [])],
      [
        [source, { out: true, why: 'retract', by: source }],
        [cited, { out: true, why: 'cascade', premise: source }],
        [top, { out: true, why: 'cascade', premise: cited }],
      ],
    );
    assert.equal((await asked())?.size, 0);
    const quiet = new Era();
    const alone = quiet.claim(alice);
    assert.equal(rulesOf(quiet.records).taint, undefined);
    const supposed = rulesOf(quiet.records, { assume: { retracted: alone } });
    assert.equal((await supposed.taint?.tainted([alone], quiet.now))?.size, 1);
  });

  it('of an epoch, an alias or a verdict takes back what it did', () => {
    const era = new Era();
    era.policy({ governance: 'open', verdict_agents: [carol] });
    const old = era.epoch(alice);
    const next = era.epoch(alice, old);
    const alias = era.alias(alice, 'a', 'b');
    const target = era.claim(alice);
    const verdict = era.record('verdict', carol, { target, outcome: 'accurate' });
    const assuming = (retracted: RecordId) => rulesOf(era.records, { assume: { retracted } });
    assert.equal(assuming(next).epochSupersededBy(old), undefined);
    assert.equal(assuming(old).epochSupersededBy(old), old);
    assert.deepEqual(assuming(alias).joined('a', 'effective').paths, ['a']);
    assert.equal(assuming(verdict).trustSteps(alice).length, 0);
    assert.equal(assuming(alias).trustSteps(alice).length, 1);
    // What one question supposes, another is not told.
    const judgements = new JudgementMemo();
    const assume = { retracted: verdict };
    for (const _ of [1, 2]) {
      const supposing = rulesOf(era.records, { assume, judgements });
      assert.equal(supposing.trustSteps(alice).length, 0);
      assert.equal(rulesOf(era.records, { judgements }).trustSteps(alice).length, 1);
    }
  });
});
