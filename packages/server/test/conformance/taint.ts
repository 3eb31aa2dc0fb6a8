/** What every `Taint` must do (spec 7, "Retraction acts on reading"). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HlcStamp, RecordId } from '@stemedb/model';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import type { Taint, TaintReason } from '../../src/trust/taint.js';
import { alice, bob, carol, Story } from '../support/story.js';

/** An empty world under the built-in policy, governance `owner`. */
export interface TaintHarness {
  /** Takes records in as they come from another node, in this order. */
  merge(records: readonly MergeRecord[]): Promise<void>;
  /** Of everything that was merged so far. */
  readonly taint: Taint;
  close(): Promise<void>;
}

interface Asking {
  /** Before it nothing is stamped; a day after it the world may have its present. */
  readonly startMs: number;
  ask(
    records: readonly MergeRecord[],
    ids: readonly RecordId[],
    asOf: HlcStamp,
    mayRest?: (id: RecordId) => boolean,
  ): Promise<ReadonlyMap<RecordId, TaintReason>>;
  /** At the end of the story. */
  reasonIn(story: Story, id: RecordId): Promise<TaintReason | undefined>;
  isOut(story: Story, id: RecordId): Promise<boolean>;
}

const claimFields = { concept_path: 'lab/x', predicate: 'dose', value: 'late' };

const stateRules = ({ ask, isOut, reasonIn, startMs }: Asking): void => {
  it('says nothing of what nobody superseded, known or not', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice, { source: story.source(bob) });
    const found = await ask(story.records, [one, '7'.repeat(64) as RecordId], story.now);
    assert.deepEqual([...found], []);
  });

  it('takes out what its author retracts, from then on', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice);
    const before = story.now;
    const by = story.retract(alice, one);
    assert.deepEqual(await reasonIn(story, one), { out: true, why: 'retract', by });
    assert.deepEqual([...(await ask(story.records, [one], before))], []);
  });

  it('takes out what is replaced, leaves its replacement, and A -> B -> A ends at A', async () => {
    const story = new Story(startMs);
    const [a, b] = [story.claim(alice), story.claim(alice)];
    const by = story.replace(alice, a, b);
    assert.deepEqual(await reasonIn(story, a), { out: true, why: 'replace', by });
    assert.equal(await isOut(story, b), false);
    story.replace(alice, b, a);
    assert.equal(await isOut(story, a), false);
    assert.equal(await isOut(story, b), true);
  });

  it('brings back what is restored, and takes it out again', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice);
    story.retract(alice, one);
    const between = story.now;
    story.restore(alice, one);
    assert.equal(await isOut(story, one), false);
    assert.equal((await ask(story.records, [one], between)).size, 1);
    story.retract(alice, one);
    assert.equal(await isOut(story, one), true);
  });

  it('orders by effective time, so back-dating changes nothing', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice);
    story.restore(alice, one, { atMs: 50 });
    story.retract(alice, one, { atMs: 60, assertedMs: 40 });
    assert.equal(await isOut(story, one), false);
    // A time ahead of the recording counts from the recording.
    story.retract(alice, one, { atMs: 70, assertedMs: 900 });
    story.restore(alice, one, { atMs: 80 });
    assert.equal(await isOut(story, one), false);
  });

  it('lets the larger id decide in one millisecond', async () => {
    for (let variant = 0; variant < 4; variant += 1) {
      const story = new Story(startMs);
      const one = story.claim(alice, { metadata: { variant: String(variant) } });
      const out = story.retract(alice, one, { atMs: 50 });
      const back = story.restore(alice, one, { atMs: 50 });
      assert.equal(await isOut(story, one), out > back);
      const reversed = await ask([...story.records].reverse(), [one], story.now);
      assert.equal(reversed.has(one), out > back);
    }
  });
};

const cascadeRules = ({ ask, isOut, reasonIn, startMs }: Asking): void => {
  it('cascades over source and premises until the root is restored', async () => {
    const story = new Story(startMs);
    const source = story.source(alice);
    const cited = story.claim(bob, { source });
    const [left, right] = [1, 2].map(() => story.claim(carol, { derived_from: [cited] }));
    assert.ok(left !== undefined && right !== undefined);
    const sound = story.claim(bob);
    const top = story.claim(carol, { derived_from: [sound, left, right] });
    const by = story.retract(alice, source);
    const all = [source, cited, left, right, top, sound];
    const found = await ask(story.records, all, story.now);
    assert.deepEqual(
      [...found],
      [
        [source, { out: true, why: 'retract', by }],
        [cited, { out: true, why: 'cascade', premise: source }],
        [left, { out: true, why: 'cascade', premise: cited }],
        [right, { out: true, why: 'cascade', premise: cited }],
        [top, { out: true, why: 'cascade', premise: left }],
      ],
    );
    story.restore(alice, source);
    assert.deepEqual([...(await ask(story.records, all, story.now))], []);
  });

  it('says the same when it is told which of the ids may rest on something', async () => {
    const story = new Story(startMs);
    const source = story.source(alice);
    const first = story.claim(bob, { value: 'v', source });
    const alone = story.claim(bob, { value: 'w' });
    const ids = [first, alone, story.claim(alice, { derived_from: [first, alone] })];
    story.retract(alice, source);
    story.retract(bob, alone);
    const found = await ask(story.records, ids, story.now);
    assert.equal(found.size, 3);
    assert.deepEqual(await ask(story.records, ids, story.now, (id) => id !== alone), found);
  });

  it('only warns of a premise that was replaced, one step away', async () => {
    const story = new Story(startMs);
    const [a, b] = [story.claim(alice), story.claim(alice)];
    const onA = story.claim(bob, { derived_from: [a] });
    const above = story.claim(bob, { derived_from: [onA] });
    story.replace(alice, a, b);
    const found = await ask(story.records, [onA, above, b], story.now);
    const warning = { out: false, why: 'replaced_premise', premise: a };
    assert.deepEqual([...found], [[onA, warning]]);
  });

  it('cascades through what was replaced as well', async () => {
    const story = new Story(startMs);
    const root = story.claim(alice);
    const [middle, other] = [story.claim(alice, { derived_from: [root] }), story.claim(alice)];
    const top = story.claim(bob, { derived_from: [middle] });
    story.retract(alice, root);
    story.replace(alice, middle, other);
    assert.deepEqual(await reasonIn(story, top), { out: true, why: 'cascade', premise: middle });
  });

  it('follows 64 edges and says where there are more', async () => {
    const story = new Story(startMs);
    const root = story.claim(alice);
    const at64 = story.chain(bob, root, 64);
    const at65 = story.chain(bob, at64, 1);
    story.retract(alice, root);
    assert.equal(await isOut(story, at64), true);
    assert.deepEqual(await reasonIn(story, at65), { out: false, why: 'too_deep' });
    const both = await ask(story.records, [at65, at64, root], story.now);
    assert.deepEqual(both.get(at65), { out: false, why: 'too_deep' });
    assert.equal(both.size, 3);
  });
};

const governanceRules = ({ ask, isOut, startMs }: Asking): void => {
  it('gives no effect to a stranger, under any of the actions', async () => {
    const story = new Story(startMs);
    const [one, own] = [story.claim(alice), story.claim(bob)];
    story.retract(bob, one);
    story.replace(bob, one, own);
    assert.equal(await isOut(story, one), false);
    story.retract(alice, one);
    story.restore(bob, one);
    // Nor does naming a record as the replacement of one's own bring it back.
    story.replace(bob, own, one);
    assert.equal(await isOut(story, one), true);
    assert.equal(await isOut(story, own), true);
  });

  it('lets anybody supersede what a node stated', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice, {}, 'node');
    story.retract(bob, one);
    assert.equal(await isOut(story, one), true);
  });

  it('applies the governance in force when the supersession was recorded', async () => {
    const story = new Story(startMs);
    const claims = [1, 2, 3, 4].map(() => story.claim(alice));
    const [owned, opened, byOwner, bySteward] = claims as [RecordId, RecordId, RecordId, RecordId];
    story.retract(bob, owned);
    story.policy({ governance: 'open' });
    story.retract(bob, opened);
    story.policy({ governance: 'steward', stewards: [carol] });
    story.retract(alice, byOwner);
    story.retract(carol, bySteward);
    const found = await ask(story.records, claims, story.now);
    assert.deepEqual([...found.keys()], [opened, bySteward]);
  });

  it('judges by the author once the target is known, whichever came first', async () => {
    const story = new Story(startMs);
    const later = new Story(startMs);
    const target = later.record('assertion', alice, { ...claimFields }, { atMs: 500 });
    story.retract(bob, target);
    story.retract(alice, target);
    const records = [...story.records, ...later.records];
    assert.equal((await ask(records, [target], story.now)).size, 0);
    assert.equal((await ask(records, [target], later.now)).size, 1);
  });

  it('leaves alone what a retracted supersession did', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice);
    const by = story.retract(alice, one);
    const second = story.retract(alice, by);
    const found = await ask(story.records, [one, by], story.now);
    assert.deepEqual(found.get(one), { out: true, why: 'retract', by });
    assert.deepEqual(found.get(by), { out: true, why: 'retract', by: second });
  });

  it('counts a record that comes again under its smaller stamp', async () => {
    const story = new Story(startMs);
    const one = story.claim(alice);
    story.restore(alice, one, { atMs: 50, assertedMs: 90 });
    story.retract(alice, one, { atMs: 60, assertedMs: 90 });
    assert.equal(await isOut(story, one), true);
    const [early] = story.records.slice(-1);
    const [claim] = story.records;
    assert.ok(early !== undefined && claim !== undefined);
    // The same retraction, recorded right after the claim on another node: now it is the first.
    const again = { ...early, stamp: `${claim.stamp.slice(0, -1)}b` as HlcStamp };
    const found = await ask([...story.records, again], [one], story.now);
    assert.equal(found.size, 0);
  });
};

const transitionRules = ({ ask, isOut, reasonIn, startMs }: Asking): void => {
  const moved = (story: Story, parent: RecordId, lifecycle: string, more = {}): RecordId =>
    story.claim(alice, { value: 'v', parent, lifecycle, ...more });

  it('takes a transition out with the claim that it carries on', async () => {
    const story = new Story(startMs);
    const first = story.claim(alice, { value: 'v' });
    const reviewed = moved(story, first, 'under_review');
    const approved = moved(story, reviewed, 'approved');
    const restingOnIt = story.claim(bob, { derived_from: [approved] });
    const by = story.retract(alice, first);
    const found = await ask(story.records, [first, reviewed, approved, restingOnIt], story.now);
    assert.deepEqual(
      [...found],
      [
        [first, { out: true, why: 'retract', by }],
        [reviewed, { out: true, why: 'cascade', premise: first }],
        [approved, { out: true, why: 'cascade', premise: reviewed }],
        [restingOnIt, { out: true, why: 'cascade', premise: approved }],
      ],
    );
  });

  it('takes a transition out by replacing what it carries on; what rests on it warns', async () => {
    const story = new Story(startMs);
    const first = story.claim(alice, { value: 'v' });
    const approved = moved(story, moved(story, first, 'under_review'), 'approved');
    const restingOnIt = story.claim(bob, { derived_from: [approved] });
    const by = story.replace(alice, first, story.claim(alice));
    assert.deepEqual(await reasonIn(story, approved), { out: true, why: 'replace', by });
    const warning = { out: false, why: 'replaced_premise', premise: approved };
    assert.deepEqual(await reasonIn(story, restingOnIt), warning);
  });

  it('hands the premises of the first claim on to its transitions', async () => {
    const story = new Story(startMs);
    const source = story.source(bob);
    const premise = story.claim(bob);
    const first = story.claim(alice, { value: 'v', source, derived_from: [premise] });
    const reviewed = moved(story, first, 'under_review');
    story.replace(bob, premise, story.claim(bob));
    const warning = { out: false, why: 'replaced_premise', premise };
    assert.deepEqual(await reasonIn(story, reviewed), warning);
    story.retract(bob, source);
    assert.equal(await isOut(story, reviewed), true);
  });

  it('leaves alone revisions, strangers and what only looks like a transition', async () => {
    const story = new Story(startMs);
    const first = story.claim(alice, { value: 'v' });
    const others = [
      story.claim(alice, { value: 'w', parent: first, lifecycle: 'under_review' }),
      story.claim(alice, { value: 'v', parent: first, confidence: 0.5 }),
      story.claim(bob, { value: 'v', parent: first, lifecycle: 'under_review' }),
      moved(story, first, 'approved'),
    ];
    story.retract(alice, first);
    assert.equal((await ask(story.records, others, story.now)).size, 0);
  });
};

export function taintConformance(
  name: string,
  startMs: number,
  make: () => Promise<TaintHarness>,
): void {
  const ask: Asking['ask'] = async (records, ids, asOf, mayRest) => {
    const harness = await make();
    try {
      await harness.merge(records);
      return await harness.taint.tainted(ids, asOf, mayRest);
    } finally {
      await harness.close();
    }
  };
  const reasonIn: Asking['reasonIn'] = async (story, id) =>
    (await ask(story.records, [id], story.now)).get(id);
  const isOut: Asking['isOut'] = async (story, id) => (await reasonIn(story, id))?.out === true;
  const asking: Asking = { startMs, ask, reasonIn, isOut };
  describe(`taint conformance: ${name}`, () => {
    stateRules(asking);
    cascadeRules(asking);
    governanceRules(asking);
    transitionRules(asking);
  });
}
