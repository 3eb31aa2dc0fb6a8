/** The class that counts: the best request, each as far as its agents are granted (spec 3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AgentId, defaultPolicyTable, type PolicyTable } from '@stemedb/model';
import { ClassTable, type CountedClass } from '../../src/trust/source_class.js';

const stranger = '1'.repeat(64) as AgentId;
const clinic = '2'.repeat(64) as AgentId;
const regulator = '3'.repeat(64) as AgentId;
const misled = '4'.repeat(64) as AgentId;

const table = (members: Partial<PolicyTable> = {}): ClassTable =>
  new ClassTable({ id: null, effectiveMs: 0, table: { ...defaultPolicyTable, ...members } });

const granting = table({
  class_mode: 'granted',
  grants: [
    { agent_id: clinic, class: 'clinical' },
    { agent_id: regulator, class: 'regulatory' },
    { agent_id: misled, class: 'no such class' },
  ],
});

const outcome = ({ name, tier, notGranted }: CountedClass): readonly unknown[] => [
  name,
  tier,
  notGranted,
];

const counted = (classes: ClassTable, agent: AgentId, ...names: readonly (string | undefined)[]) =>
  outcome(classes.count(names.map((name) => ({ name, agents: [agent] }))));

describe('with grants', () => {
  const rows: readonly (readonly [string, AgentId, (string | undefined)[], readonly unknown[]])[] =
    [
      ['community is free', stranger, ['community'], ['community', 4, undefined]],
      ['less than the grant counts as stated', clinic, ['expert'], ['expert', 3, undefined]],
      ['the grant itself', clinic, ['clinical'], ['clinical', 1, undefined]],
      ['above the grant', clinic, ['regulatory'], ['clinical', 1, 'regulatory']],
      ['a stranger above community', stranger, ['expert'], ['community', 4, 'expert']],
      ['everything is granted', regulator, ['regulatory'], ['regulatory', 0, undefined]],
      ['nothing requested', regulator, [undefined, undefined], ['anecdotal', 5, undefined]],
      ['an unknown class is the lowest', regulator, ['royal'], ['anecdotal', 5, undefined]],
      ['a grant of an unknown class', misled, ['clinical'], ['anecdotal', 5, 'clinical']],
      ['the best of several', clinic, ['community', 'clinical'], ['clinical', 1, undefined]],
      [
        'a refused one beside a lower',
        stranger,
        ['regulatory', 'anecdotal'],
        ['community', 4, 'regulatory'],
      ],
      [
        'the first that was refused',
        stranger,
        [undefined, 'clinical', 'expert'],
        ['community', 4, 'clinical'],
      ],
    ];
  for (const [name, agent, names, expected] of rows) {
    it(name, () => assert.deepEqual(counted(granting, agent, ...names), expected));
  }

  it('a request of two agents counts as far as both may go', () => {
    const both = (...agents: AgentId[]) =>
      outcome(granting.count([{ name: 'regulatory', agents }]));
    assert.deepEqual(both(regulator, clinic), ['clinical', 1, 'regulatory']);
    assert.deepEqual(both(clinic, regulator), ['clinical', 1, 'regulatory']);
    assert.deepEqual(both(regulator, stranger), ['community', 4, 'regulatory']);
    assert.deepEqual(both(regulator, regulator), ['regulatory', 0, undefined]);
  });

  it('says so', () => assert.equal(granting.selfDeclared, false));
});

describe('self-declared', () => {
  it('any known class counts', () => {
    assert.deepEqual(counted(table(), stranger, 'regulatory'), ['regulatory', 0, undefined]);
    assert.deepEqual(counted(table(), stranger, 'royal'), ['anecdotal', 5, undefined]);
    assert.equal(table().selfDeclared, true);
  });

  it('weight and half-life are those of the class', () => {
    const { weight, halfLifeDays } = table().count([{ name: 'expert', agents: [stranger] }]);
    assert.deepEqual([weight, halfLifeDays], [0.4, 180]);
    const best = table().count([{ name: 'regulatory', agents: [stranger] }]);
    assert.deepEqual([best.weight, best.halfLifeDays], [1, undefined]);
  });
});

describe('the scheme of a path', () => {
  it('suggests a class', () => {
    const suggestions: readonly (readonly [string, string | undefined])[] = [
      ['fda://drug/x', 'regulatory'],
      ['pubmed://1', 'clinical'],
      ['blog://x', 'anecdotal'],
      ['FDA://drug', undefined],
      ['fda:/drug', undefined],
      ['a/fda://drug', undefined],
      ['fda', undefined],
      ['unknown://x', undefined],
      ['constructor://x', undefined],
      ['__proto__://x', undefined],
    ];
    for (const [path, expected] of suggestions) {
      assert.equal(table().suggestedBy(path), expected, path);
    }
  });
});

describe('a table of other classes', () => {
  it('names its tiers, also those that it leaves out', () => {
    const classes = [
      { name: 'silver', tier: 3, weight: 0.5 },
      { name: 'gold', tier: 1, weight: 1 },
      { name: 'also gold', tier: 1, weight: 0.9 },
    ];
    const own = table({ classes });
    assert.deepEqual(own.tierNames, ['tier 0', 'gold', 'tier 2', 'silver']);
    assert.deepEqual(counted(own, stranger, 'also gold'), ['also gold', 1, undefined]);
    assert.deepEqual(counted(own, stranger), ['silver', 3, undefined]);
  });

  it('limits strangers to its lowest when it has no class community', () => {
    const classes = [
      { name: 'silver', tier: 3, weight: 0.5 },
      { name: 'gold', tier: 1, weight: 1 },
    ];
    const own = table({ classes, class_mode: 'granted' });
    assert.deepEqual(counted(own, stranger, 'gold'), ['silver', 3, 'gold']);
  });
});
