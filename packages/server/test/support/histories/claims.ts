/** Claims of whole histories: plain ones, ones that rest on others, revisions, deep chains. */
import type { AgentId, RecordId } from '@stemedb/model';
import type { Seeded } from '../seeded.js';
import {
  assertedAt,
  authors,
  classNames,
  type Draft,
  draftOf,
  everybody,
  type Fields,
  paths,
  predicates,
  steward,
  values,
} from './cast.js';
import { type Pools, someoneAbout } from './pools.js';

export interface Making {
  readonly random: Seeded;
  readonly pools: Pools;
  readonly wallMs: number;
  /** The agent that the node states claims as. */
  readonly node: AgentId;
}

const unknownId = '9'.repeat(64) as RecordId;
const uris = ['https://a.example/x', 'HTTPS://a.example/./x#top', 'https://b.example/'];

const somePath = (random: Seeded): string =>
  random.chance(0.4) ? 'lab/alpha' : random.pick(paths);

const somePredicate = (random: Seeded): string =>
  random.chance(0.5) ? 'dose' : random.pick(predicates);

export const sourceDraft = ({ random, wallMs }: Making): Draft => {
  const content: Fields = { title: `source ${random.below(4)}`, asserted_at: wallMs };
  if (random.chance(0.7)) content.uri = random.pick(uris);
  if (content.uri === undefined || random.chance(0.2)) {
    content.content_hash = String(random.below(3)).repeat(64);
  }
  if (random.chance(0.5)) content.class = random.pick(classNames);
  return draftOf('source', random.pick(authors), content);
};

const citations = ({ random, pools }: Making): Fields => {
  const fields: Fields = {};
  const source = pools.some('source');
  if (source !== undefined && random.chance(0.4)) {
    fields.source = random.chance(0.95) ? source.id : unknownId;
  } else if (random.chance(0.3)) fields.source_uri = random.pick(uris);
  const premises = [pools.some('assertion'), pools.some(random.pick(['assertion', 'source']))];
  const known = premises.flatMap((draft) => (draft === undefined ? [] : [draft.id]));
  if (known.length > 0 && random.chance(0.4)) fields.derived_from = [...new Set(known)];
  return fields;
};

const factors = (random: Seeded): Fields => {
  const fields: Fields = {};
  if (random.chance(0.6)) fields.confidence = random.pick([0, 0.1, 0.333, 0.5, 0.9, 1]);
  if (random.chance(0.4)) fields.source_class = random.pick(classNames);
  return fields;
};

const epochOf = ({ random, pools }: Making): Fields => {
  const epoch = random.chance(0.35) ? pools.some('epoch') : undefined;
  if (epoch !== undefined) return { epoch: epoch.id };
  return random.chance(0.02) ? { epoch: unknownId } : {};
};

/** By an author, a steward, anybody, or the node for nobody in particular. */
const stated = (making: Making, fields: Fields): Draft => {
  const { random, node } = making;
  if (random.chance(0.15)) return draftOf('assertion', node, fields, { byNode: true });
  const author = random.chance(0.7) ? random.pick(authors) : random.pick(everybody);
  return draftOf('assertion', author, fields);
};

export const claimDraft = (making: Making): Draft => {
  const { random, wallMs } = making;
  const fields: Fields = {
    concept_path: somePath(random),
    predicate: somePredicate(random),
    ...random.pick(values),
    ...citations(making),
    ...factors(random),
    ...epochOf(making),
    asserted_at: assertedAt(random, wallMs),
  };
  const lifecycle = random.fraction();
  if (lifecycle < 0.1) fields.lifecycle = 'under_review';
  // A right is needed for these: the reader takes them as `proposed` where it is missing.
  else if (lifecycle < 0.16) fields.lifecycle = random.pick(['approved', 'deprecated', 'rejected']);
  return stated(making, fields);
};

const nextStates: Readonly<Record<string, readonly string[]>> = {
  proposed: ['under_review'],
  under_review: ['approved', 'approved', 'rejected'],
  approved: ['deprecated'],
};
const states = ['proposed', 'under_review', 'approved', 'deprecated', 'rejected'];

const stateOf = (content: Fields): string => String(content.lifecycle ?? 'proposed');

const statedValue = ({ value, unit }: Fields): Fields => ({
  ...(value === undefined ? {} : { value }),
  ...(unit === undefined ? {} : { unit }),
});

/** A child of a known claim: a transition, a re-statement, another value, or a forbidden step. */
export const revisionDraft = (making: Making): Draft => {
  const { random, pools, wallMs } = making;
  const parent = pools.some('assertion');
  if (parent === undefined) return claimDraft(making);
  const { content } = parent;
  const fields: Fields = {
    concept_path: content.concept_path ?? '',
    predicate: content.predicate ?? '',
    parent: random.chance(0.97) ? parent.id : unknownId,
    ...factors(random),
    asserted_at: assertedAt(random, wallMs),
  };
  const next = nextStates[stateOf(content)] ?? [];
  const dice = random.fraction();
  if (dice < 0.55 && next.length > 0) {
    Object.assign(fields, statedValue(content), { lifecycle: random.pick(next) });
  } else if (dice < 0.65) {
    Object.assign(fields, statedValue(content), { lifecycle: random.pick(states) });
  } else if (dice < 0.8) {
    Object.assign(fields, statedValue(content));
    if (content.lifecycle !== undefined) fields.lifecycle = content.lifecycle;
  } else {
    Object.assign(fields, random.pick(values), citations(making), epochOf(making));
    if (random.chance(0.15)) fields.lifecycle = random.pick(states);
  }
  if (random.chance(0.05)) fields.predicate = random.pick(predicates);
  const author = someoneAbout(random, parent);
  return draftOf('assertion', author, fields);
};

/** A claim, the steps of its life up to a state, all of them by those who may take them. */
export const lifeDrafts = (making: Making): readonly Draft[] => {
  const { random, wallMs } = making;
  const first = claimDraft({ ...making, wallMs: wallMs - 10 });
  const drafts = [first];
  let last = first;
  for (let step = 0; step < 3; step += 1) {
    const next = nextStates[stateOf(last.content)] ?? [];
    if (next.length === 0 || random.chance(0.2)) break;
    const { content } = last;
    const fields: Fields = {
      concept_path: content.concept_path ?? '',
      predicate: content.predicate ?? '',
      ...statedValue(content),
      ...factors(random),
      parent: last.id,
      lifecycle: random.pick(next),
      asserted_at: wallMs + step,
    };
    last = draftOf('assertion', steward, fields);
    drafts.push(last);
  }
  return drafts;
};

const restingOn = (making: Making, premises: readonly Draft[], predicate?: string): Draft => {
  const { random, wallMs } = making;
  const fields: Fields = {
    concept_path: somePath(random),
    predicate: predicate ?? somePredicate(random),
    ...random.pick(values),
    derived_from: premises.map((draft) => draft.id),
    asserted_at: wallMs,
  };
  return draftOf('assertion', random.pick(authors), fields);
};

/** Two claims on one root, and a claim on both. */
export const diamondDrafts = (making: Making): readonly Draft[] => {
  const root = making.random.chance(0.5) ? sourceDraft(making) : claimDraft(making);
  const left = restingOn(making, [root]);
  const right = restingOn(making, [root]);
  return [root, left, right, restingOn(making, [left, right])];
};

/** A chain of premises around the depth that is followed, some shorter and some longer. */
export const deepDrafts = (making: Making): readonly Draft[] => {
  const drafts = [claimDraft(making)];
  const length = 62 + making.random.below(6);
  for (let at = 1; at <= length; at += 1) {
    const last = drafts.slice(-1);
    // Only the ends are where questions look closely; those between lie on a path of their own.
    const draft = restingOn(making, last, at < 60 ? 'links' : undefined);
    drafts.push(draft);
  }
  return drafts;
};
