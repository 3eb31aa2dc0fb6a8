/** Claims in numbers that no call takes as arguments, and that nobody waits for without a turn. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type AssertionContent, makeStamp, type RecordId } from '@stemedb/model';
import { createClaimRules } from '../../src/trust/claim_rules.js';
import type { RevisableClaim, RuleFacts } from '../../src/trust/rules.js';
import { alice } from '../support/story.js';
import { factsOf, historiesOf } from './world.js';

const children = 150_000;
const startMs = Date.UTC(2026, 0, 1);
const stampOf = (at: number): RevisableClaim['stamp'] => makeStamp(startMs + at, 0, '0'.repeat(16));
const idOf = (at: number): RecordId => at.toString(16).padStart(64, '0') as RecordId;

const contentOf = (at: number): AssertionContent => ({
  kind: 'assertion',
  v: 1,
  agent_id: alice,
  asserted_at: startMs + at,
  concept_path: 'lab/x',
  predicate: 'dose',
  value: at,
  ...(at === 0 ? {} : { parent: idOf(0) }),
});

/** A claim and its children; `onRead` is told of every claim that is read. */
const crowd = (onRead: () => void): RuleFacts => ({
  ...factsOf([], stampOf(children), 1),
  author: () => ({ agentId: alice, byNode: false }),
  claim: (id) => {
    onRead();
    const at = Number.parseInt(id, 16);
    return { content: contentOf(at), stamp: stampOf(at) };
  },
});

it('finds the last of 150,000 children, and leaves turns to others', async () => {
  let [turnsWithoutReads, sinceTurn, longest] = [0, 0, 0];
  const facts = crowd(() => {
    sinceTurn += 1;
    longest = Math.max(longest, sinceTurn);
  });
  const turn = async (): Promise<void> => {
    turnsWithoutReads = sinceTurn === 0 ? turnsWithoutReads + 1 : 0;
    sinceTurn = 0;
  };
  const rules = createClaimRules({ records: historiesOf([]), facts, turn });
  const rows = Array.from({ length: children + 1 }, (_, at): RevisableClaim => {
    const hasParent = at > 0;
    const assertedMs = startMs + at;
    return { id: idOf(at), stamp: stampOf(at), assertedMs, lifecycle: 'proposed', hasParent };
  });
  const standings = await rules.standings(rows);
  assert.equal(standings.size, children);
  assert.ok(!standings.has(idOf(children)));
  for (const at of [0, 1, children - 1]) {
    assert.equal(standings.get(idOf(at))?.succeededBy, idOf(children));
  }
  assert.ok(longest <= 1024, `${longest} claims were read without a turn`);
  // At the end all are looked at several times more.
  assert.ok(turnsWithoutReads > children / 2048, `${turnsWithoutReads} turns`);
});
