/** Random histories of what the rules are made of, few enough that all of it meets. */
import type { AgentId, HlcStamp, JsonObject, JsonValue, RecordId } from '@stemedb/model';
import fc from 'fast-check';
import type { MergeRecord } from '../../src/ingest/ingest.js';
import { alice, bob, carol, Story } from '../support/story.js';

const agents = [alice, bob, carol] as const;
export const paths = ['lab/x', 'lab/y', 'lab/z', 'lab/\u{1f9ea}', 'lab/\uff5e'] as const;
const lifecycles = ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'] as const;
const kinds = [
  'claim',
  'claim',
  'child',
  'child',
  'child',
  'supersession',
  'policy',
  'epoch',
  'alias',
  'verdict',
  'attestation',
] as const;

/** One step: what of it is used depends on its kind. */
export interface RandomStep {
  readonly kind: (typeof kinds)[number];
  readonly author: number;
  readonly byNode: boolean;
  /** Which of the earlier records it is about. */
  readonly about: number;
  readonly also: number;
  readonly choice: number;
  readonly lifecycle: number;
  readonly waitMs: number;
  readonly backMs: number;
}

const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });

export const randomSteps = (
  length: number,
  only: readonly RandomStep['kind'][] = kinds,
): fc.Arbitrary<readonly RandomStep[]> =>
  fc.array(
    fc.record({
      kind: fc.constantFrom(...only),
      author: small(2),
      byNode: fc.boolean(),
      about: small(50),
      also: small(50),
      choice: small(11),
      lifecycle: small(5),
      waitMs: small(2),
      backMs: small(3),
    }),
    { minLength: length / 2, maxLength: length },
  );

/** What was told so far, by what later steps may be about. */
interface Told {
  readonly claims: RecordId[];
  readonly epochs: RecordId[];
  readonly all: RecordId[];
}

const pickOf = <T>(items: readonly T[], at: number): T | undefined => items[at % items.length];

const claimFields = (step: RandomStep, told: Told): JsonObject => {
  const fields: Record<string, JsonValue> = {
    concept_path: 'lab/x',
    predicate: 'dose',
    value: step.choice % 3 === 0 ? 'v' : 'w',
    confidence: step.choice / 100,
  };
  const lifecycle = lifecycles[step.lifecycle];
  if (lifecycle !== undefined) fields.lifecycle = lifecycle;
  const parent = pickOf(told.claims, step.about);
  if (step.kind === 'child' && parent !== undefined) fields.parent = parent;
  const premise = pickOf(told.claims, step.also);
  if (step.choice > 8 && premise !== undefined) fields.derived_from = [premise];
  return fields;
};

const policyFields = (step: RandomStep): Parameters<Story['policy']>[0] => ({
  governance: pickOf(['owner', 'open', 'steward'] as const, step.choice) ?? 'owner',
  stewards: step.also % 2 === 0 ? [carol] : [],
  verdict_agents: step.about % 4 === 0 ? [] : [bob, carol],
});

const fieldsOf = (step: RandomStep, told: Told): JsonObject | undefined => {
  const about = pickOf(told.all, step.about);
  const claim = pickOf(told.claims, step.about);
  switch (step.kind) {
    case 'epoch': {
      const supersedes = [pickOf(told.epochs, step.about)].filter((id) => id !== undefined);
      return { name: `epoch ${told.all.length}`, ...(supersedes.length > 0 ? { supersedes } : {}) };
    }
    case 'alias': {
      const [a, b] = [pickOf(paths, step.about), pickOf(paths, step.also)];
      if (a === undefined || b === undefined || a === b) return undefined;
      const reason = `because ${told.all.length}`;
      return Buffer.compare(Buffer.from(a), Buffer.from(b)) < 0
        ? { a, b, reason }
        : { a: b, b: a, reason };
    }
    case 'verdict':
      if (claim === undefined) return undefined;
      return { target: claim, outcome: step.also % 2 === 0 ? 'accurate' : 'inaccurate' };
    case 'attestation':
      return claim === undefined ? undefined : { target: claim, signature: '0'.repeat(128) };
    case 'supersession': {
      if (about === undefined) return undefined;
      const replacement = pickOf(told.all, step.also);
      const base = { target: about, reason: `because ${told.all.length}` };
      if (step.choice % 4 === 0 && replacement !== undefined && replacement !== about) {
        return { ...base, action: 'replace', replacement };
      }
      return { ...base, action: step.choice % 3 === 0 ? 'restore' : 'retract' };
    }
    case 'claim':
    case 'child':
      return claimFields(step, told);
    case 'policy':
      return undefined;
  }
};

const recordKind = (step: RandomStep): Parameters<Story['record']>[0] =>
  step.kind === 'claim' || step.kind === 'child' ? 'assertion' : step.kind;

/** Tells the steps as records; those that find nothing to be about are passed over. */
export const toldBy = (
  steps: readonly RandomStep[],
  startMs: number,
  beginning?: (story: Story) => void,
): { readonly records: readonly MergeRecord[]; readonly now: HlcStamp } => {
  const story = new Story(startMs);
  const told: Told = { claims: [], epochs: [], all: [] };
  let atMs = 100;
  story.claim(alice, { concept_path: 'lab/other' });
  beginning?.(story);
  for (const step of steps) {
    atMs += step.waitMs;
    if (step.kind === 'policy') {
      story.policy(policyFields(step));
      continue;
    }
    const fields = fieldsOf(step, told);
    if (fields === undefined) continue;
    const author: AgentId = agents[step.author] ?? alice;
    const when = { atMs, assertedMs: atMs - step.backMs };
    const proof = step.byNode && step.choice > 9 ? 'node' : 'signature';
    const id = story.record(recordKind(step), author, fields, when, proof);
    if (step.kind !== 'attestation') told.all.push(id);
    if (step.kind === 'claim' || step.kind === 'child') told.claims.push(id);
    if (step.kind === 'epoch') told.epochs.push(id);
  }
  return { records: story.records, now: story.now };
};
