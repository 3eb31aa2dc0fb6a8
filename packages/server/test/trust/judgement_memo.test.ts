/** When judgements that were kept must not be told. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AgentId, endOfMs, type HlcStamp } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import { JudgementMemo } from '../../src/trust/judgement_memo.js';
import type { ClaimRules } from '../../src/trust/rules.js';
import { alice, bob, carol, Story } from '../support/story.js';
import { factsOf, historiesOf, type Known, knownOf } from './world.js';

const startMs = Date.UTC(2026, 0, 1);
const at = (ms: number): HlcStamp => endOfMs(startMs + ms);

/** A database that takes records in one after the other and keeps what it judged. */
class Keeping {
  readonly #known: Known[] = [];
  readonly #records = historiesOf([]);
  readonly memo = new JudgementMemo();

  take(...stories: readonly Story[]): void {
    for (const record of stories.flatMap(({ records }) => records)) this.takeRecord(record);
  }

  takeRecord(record: MergeRecord): void {
    for (const one of knownOf([record])) {
      const next = { ...one, sequence: this.#known.length + 1 };
      this.#known.push(next);
      const { content, ...recorded } = next;
      if (content.kind === 'verdict') this.#records.verdicts.add({ ...recorded, content });
      if (content.kind === 'policy') this.#records.policies.add({ ...recorded, content });
      this.memo.note(next);
    }
  }

  rules(asOf: HlcStamp, turn?: () => Promise<void>): ClaimRules {
    const facts = factsOf(this.#known, asOf);
    const parts = { records: this.#records, facts, judgements: this.memo };
    return createClaimRules(turn === undefined ? parts : { ...parts, turn });
  }

  steps(agent: AgentId, asOf: HlcStamp): number {
    return this.rules(asOf).trustSteps(agent).length;
  }
}

/** A view in which nothing may be read any more. */
const keepsAt = ({ memo }: Keeping, ms: number, appliedSequence: number): void => {
  assert.ok(memo.kept({ asOf: at(ms), appliedSequence }) !== undefined, 'It is read again.');
};

const claim = { concept_path: 'lab/x', predicate: 'dose', value: 'v' };

it('reads again when a signature comes that is older than the verdict', () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  story.policy({ verdict_agents: [carol] });
  const target = story.claim(alice);
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(bob, at(90))], [1, 0]);
  late.record('attestation', bob, { target, signature: '0'.repeat(128) }, { atMs: 40 });
  keeping.take(late);
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(bob, at(90))], [1, 1]);
});

it('tells a moment before the claim nothing of the verdict on it, whatever was asked first', () => {
  for (const moments of [
    [60, 90, 60],
    [90, 60, 90],
  ]) {
    const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
    const target = late.record('assertion', alice, claim, { atMs: 80 });
    story.policy({ verdict_agents: [carol] });
    story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
    keeping.take(story, late);
    const found = moments.map((ms) => keeping.steps(alice, at(ms)));
    assert.deepEqual(
      found,
      moments.map((ms) => (ms === 90 ? 1 : 0)),
    );
  }
});

it('counts a verdict once its claim has come', () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  const target = late.record('assertion', alice, claim, { atMs: 20 });
  story.policy({ verdict_agents: [carol] });
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  assert.equal(keeping.steps(alice, at(90)), 0);
  keeping.take(late);
  assert.equal(keeping.steps(alice, at(90)), 1);
});

it('keeps what it has read', () => {
  const [story, keeping] = [new Story(startMs), new Keeping()];
  story.policy({ verdict_agents: [carol] });
  const target = story.claim(alice);
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  keeping.steps(alice, at(90));
  keepsAt(keeping, 95, 3);
});

it('keeps it whatever is signed after the verdict, and whatever else is stated', () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  story.policy({ verdict_agents: [carol] });
  const target = story.claim(alice);
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  keeping.steps(alice, at(90));
  const signature = '0'.repeat(128);
  late.record('attestation', bob, { target, signature }, { atMs: 60 });
  const other = late.record('assertion', bob, claim, { atMs: 10 });
  late.record('attestation', carol, { target: other, signature }, { atMs: 20 });
  keeping.take(late);
  keepsAt(keeping, 95, 6);
  assert.equal(keeping.steps(bob, at(90)), 0);
});

it('reads again when a record of the chain is signed, or recorded once more', () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  story.policy({ stewards: [carol], verdict_agents: [carol] });
  const first = story.claim(alice, { value: 'v' });
  const target = story.claim(carol, { value: 'v', parent: first, lifecycle: 'under_review' });
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(bob, at(90))], [1, 0]);
  const fields = { target: first, signature: '0'.repeat(128) };
  late.record('attestation', bob, fields, { atMs: 40 });
  keeping.take(late);
  assert.equal(keeping.steps(bob, at(90)), 1);
  // As another node recorded it: before there was a steward, so it is no transition.
  const [, , review] = story.records;
  assert.ok(review !== undefined);
  keeping.takeRecord({ ...review, stamp: at(-10) });
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(carol, at(90))], [0, 1]);
});

it('waits for the parent of what was judged', () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  const parent = late.record('assertion', alice, claim, { atMs: 20 });
  story.policy({ stewards: [carol], verdict_agents: [carol] });
  const target = story.claim(carol, { ...claim, parent, lifecycle: 'under_review' });
  story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 50 });
  keeping.take(story);
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(carol, at(90))], [0, 1]);
  keeping.take(late);
  assert.deepEqual([keeping.steps(alice, at(90)), keeping.steps(carol, at(90))], [1, 0]);
});

it('is read with turns, and what came meanwhile is not lost', async () => {
  const [story, late, keeping] = [new Story(startMs), new Story(startMs), new Keeping()];
  story.policy({ verdict_agents: [carol] });
  const judged = 200;
  const targets = Array.from({ length: judged }, () => story.claim(alice));
  for (const target of targets) {
    story.record('verdict', carol, { target, outcome: 'accurate' }, { atMs: 500 });
  }
  keeping.take(story);
  const [target] = targets;
  assert.ok(target !== undefined);
  late.record('attestation', bob, { target, signature: '0'.repeat(128) }, { atMs: 400 });
  let turns = 0;
  const rules = keeping.rules(at(600), async () => {
    turns += 1;
    if (turns === 1) keeping.take(late);
  });
  await rules.readTrust();
  assert.ok(turns > 1, `${turns} turns`);
  assert.equal(rules.trustSteps(alice).length, judged);
  assert.equal(rules.trustSteps(bob).length, 0);
  assert.equal(keeping.steps(bob, at(600)), 1);
});
