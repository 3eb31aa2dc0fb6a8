/** What a claim may be to its parent, and where it may begin: errors and warnings at the gate. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KeyPair, Lifecycle, StemeError } from '@stemedb/model';
import type { SimulatedDatabase } from '../support/databases.js';
import { accepted, claim, refused } from './room.js';
import { alice, bob, child, openRuled, state, stated, steward, unknown } from './ruled.js';

const withDatabase =
  (
    run: (target: SimulatedDatabase) => Promise<void>,
    policy: Parameters<typeof openRuled>[0] = {},
  ) =>
  async (): Promise<void> => {
    const target = await openRuled(policy);
    await run(target);
    await target.database.close();
  };

const assertRefusal = (error: StemeError, code: string, pointer: string, rule: RegExp): void => {
  assert.equal(error.code, code, error.detail);
  assert.equal(error.faults?.[0]?.pointer, pointer);
  assert.match(error.detail, rule);
};

/** Leads a claim of Alice through these states; the id of the last. */
const led = async (
  target: SimulatedDatabase,
  states: readonly Lifecycle[],
  by: KeyPair = alice,
): Promise<string> => {
  let id: string = await stated(target, claim(), alice);
  for (const lifecycle of states) id = await stated(target, child(id, { lifecycle }), by);
  return id;
};

const ways: readonly (readonly Lifecycle[])[] = [
  [],
  ['under_review'],
  ['under_review', 'approved'],
  ['under_review', 'approved', 'deprecated'],
  ['under_review', 'rejected'],
];

const allowed: Readonly<Record<Lifecycle, readonly Lifecycle[]>> = {
  proposed: ['under_review'],
  under_review: ['approved', 'rejected'],
  approved: ['deprecated'],
  deprecated: [],
  rejected: [],
};

const states = Object.keys(allowed) as Lifecycle[];

describe('a child of its own author', () => {
  for (const way of ways) {
    const from = way.at(-1) ?? 'proposed';
    it(
      `goes from ${from} where the lifecycle allows it`,
      withDatabase(async (target) => {
        const parent = await led(target, way);
        for (const lifecycle of states) {
          const outcome = await state(target, child(parent, { lifecycle }), alice);
          const isLate = lifecycle !== 'proposed' && lifecycle !== 'under_review';
          if ((lifecycle === from && !isLate) || allowed[from].includes(lifecycle)) {
            assert.deepEqual(accepted(outcome).warnings, [], lifecycle);
            continue;
          }
          if (lifecycle === from) {
            const error = refused(outcome);
            assertRefusal(error, 'transition_not_allowed', '/lifecycle', /anew does not take over/);
            accepted(await state(target, child(parent, { lifecycle }), steward));
            continue;
          }
          const named =
            allowed[from].length === 0 ? /no other state/ : new RegExp(allowed[from].join('.*'));
          assertRefusal(refused(outcome), 'transition_not_allowed', '/lifecycle', named);
        }
      }),
    );
  }

  it(
    'may say something else, in a state in which a claim begins',
    withDatabase(async (target) => {
      const parent = await led(target, ['under_review', 'approved']);
      const other = await state(target, child(parent, { value: 'other' }), alice);
      assert.deepEqual(accepted(other).warnings, []);
      const approved = child(parent, { value: 'other', lifecycle: 'approved' });
      const error = refused(await state(target, approved, alice));
      assertRefusal(error, 'transition_not_allowed', '/lifecycle', /begins as "proposed"/);
      accepted(await state(target, approved, steward));
    }),
  );

  it(
    'is of the same concept and predicate',
    withDatabase(async (target) => {
      const parent = await led(target, []);
      for (const elsewhere of [{ concept_path: 'a/c' }, { predicate: 'q' }]) {
        const error = refused(await state(target, child(parent, elsewhere), alice));
        assertRefusal(error, 'invalid_field', '/parent', /"a\/b", "p"/);
      }
    }),
  );

  it(
    'is taken with a warning when the parent is not known',
    withDatabase(async (target) => {
      const orphan = child(unknown, { lifecycle: 'approved' });
      const { warnings } = accepted(await state(target, orphan, bob));
      assert.deepEqual(
        warnings.map(({ code, pointer }) => [code, pointer]),
        [['unknown_reference', '/parent']],
      );
    }),
  );
});

describe('a child of somebody else', () => {
  it(
    'is an independent claim in a first state, and refused in another',
    withDatabase(async (target) => {
      const parent = await led(target, ['under_review']);
      for (const lifecycle of ['proposed', 'under_review']) {
        for (const value of [true, 'other']) {
          const stranger = child(parent, { value, lifecycle });
          const { warnings } = accepted(await state(target, stranger, bob));
          assert.deepEqual(
            warnings.map(({ code, pointer }) => [code, pointer]),
            [['not_a_revision', '/parent']],
          );
          assert.match(warnings[0]?.detail ?? '', /governance "owner"/);
        }
      }
      for (const lifecycle of ['approved', 'rejected', 'deprecated']) {
        const error = refused(await state(target, child(parent, { lifecycle }), bob));
        assertRefusal(error, 'forbidden', '/parent', /governance "owner"/);
      }
    }),
  );

  it(
    'takes the place when a steward states it, and the chain keeps its owner',
    withDatabase(async (target) => {
      const approved = await led(target, ['under_review', 'approved'], steward);
      const mine = await state(target, child(approved, { lifecycle: 'deprecated' }), alice);
      assert.deepEqual(accepted(mine).warnings, []);
      const error = refused(await state(target, child(approved, { lifecycle: 'deprecated' }), bob));
      assertRefusal(error, 'forbidden', '/parent', new RegExp(alice.agentId));
    }),
  );

  it(
    'takes the place of what nobody signed, and of anything under governance "open"',
    withDatabase(async (target) => {
      const unsigned = await stated(target, claim());
      const reviewed = child(unsigned, { lifecycle: 'under_review' });
      assert.deepEqual(accepted(await state(target, reviewed, bob)).warnings, []);
      const open = await openRuled({ governance: 'open' });
      const parent = await led(open, ['under_review']);
      const approved = child(parent, { lifecycle: 'approved' });
      assert.deepEqual(accepted(await state(open, approved, bob)).warnings, []);
      await open.database.close();
    }),
  );

  it(
    'is left to stewards under governance "steward", to the author too',
    withDatabase(
      async (target) => {
        const parent = await stated(target, claim(), alice);
        const reviewed = child(parent, { lifecycle: 'under_review' });
        const { warnings } = accepted(await state(target, reviewed, alice));
        assert.match(warnings[0]?.detail ?? '', /governance "steward"/);
        accepted(await state(target, reviewed, steward));
      },
      { governance: 'steward' },
    ),
  );
});

describe('a claim without a parent', () => {
  it(
    'begins in a first state, unless a steward or the node states it',
    withDatabase(async (target) => {
      for (const lifecycle of ['approved', 'deprecated', 'rejected']) {
        const begun = claim(lifecycle, { lifecycle });
        const error = refused(await state(target, begun, alice));
        assertRefusal(error, 'transition_not_allowed', '/lifecycle', /begins as "proposed"/);
        assert.deepEqual(accepted(await state(target, begun, steward)).warnings, []);
        assert.deepEqual(accepted(await state(target, begun)).warnings, []);
      }
    }),
  );
});
