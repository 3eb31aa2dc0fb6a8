/** Random histories of records, small enough that ids, pairs and names meet again and again. */
import {
  type AgentId,
  canonicalBytes,
  type HlcStamp,
  kindNumber,
  type RecordContent,
  type RecordId,
  recordIdOf,
  shardOf,
} from '@stemedb/model';
import fc from 'fast-check';
import { type AuthorProof, allShards } from '../../src/log/log.js';
import type { ApplicableRecord } from '../../src/store/store.js';

export const agents = ['a1', 'b2', 'c3'].map((byte) => byte.repeat(32) as AgentId);
const ids = ['00', '7f', 'ff', '5e'].map((byte) => byte.repeat(32) as RecordId);

/** Paths where one begins another, with characters around `/` and NUL in order, and non-ASCII. */
export const paths = [
  'a',
  'a/b',
  'a/b/c',
  'a/b-c',
  'a/b.c',
  'a/b c',
  'a/b0',
  'a/bc',
  'ab',
  'é/ß',
  'é',
  'rfc://7519/alg',
  'rfc://7519',
  '漢/字',
  '😀/x',
  '\u{ffee}/x',
] as const;

const predicates = ['p', 'p!', 'q', 'é'] as const;

const agent = fc.constantFrom(...agents);
const id = fc.constantFrom(...ids);
const assertedAt = fc.integer({ min: 0, max: 5 });
const authored = { v: fc.constant(1 as const), agent_id: agent, asserted_at: assertedAt };
const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq: 2 });

const contentArbitrary: fc.Arbitrary<RecordContent> = fc
  .oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('assertion'),
        ...authored,
        concept_path: fc.constantFrom(...paths),
        predicate: fc.constantFrom(...predicates),
        value: fc.constantFrom<(string | number | boolean)[]>('x', 'y', 1, true),
        unit: optional(fc.constantFrom('mg', 'kg')),
        confidence: optional(fc.constantFrom(0, 0.25, 1)),
        source_class: optional(fc.constantFrom('expert', 'clinical', 'Ünïcode')),
        source: optional(id),
        source_uri: optional(fc.constantFrom('https://example.org/a', 'https://example.org/é')),
        derived_from: optional(fc.array(id, { maxLength: 3 })),
        parent: optional(id),
        lifecycle: optional(fc.constantFrom('proposed', 'under_review', 'approved')),
        epoch: optional(id),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('attestation'),
        v: fc.constant(1 as const),
        agent_id: agent,
        target: id,
        signature: fc.constantFrom('00'.repeat(64), '01'.repeat(64)),
      }),
    },
    fc.record({ kind: fc.constant('vote'), ...authored, target: id, weight: fc.constant(1) }),
    fc.record({ kind: fc.constant('source'), ...authored, title: fc.constantFrom('t', 'u') }),
    fc.record({
      kind: fc.constant('epoch'),
      ...authored,
      name: fc.constant('n'),
      supersedes: optional(fc.array(id, { maxLength: 2 })),
    }),
    fc.record({
      kind: fc.constant('supersession'),
      ...authored,
      target: id,
      action: fc.constantFrom('retract', 'replace'),
      reason: fc.constant('r'),
      replacement: optional(id),
    }),
  )
  .map((content) => {
    // A field left out is not there at all, as in every stored content.
    const stated = Object.entries(content).filter(([, value]) => value !== undefined);
    return Object.fromEntries(stated) as unknown as RecordContent;
  });

/** A stamp of millisecond and counter; the node is part of it so that few are equal. */
export function stampOf(ms: number, counter = 0, node = 1): HlcStamp {
  const digits = (number: number, width: number): string =>
    number.toString(16).padStart(width, '0');
  return `${digits(ms, 12)}${digits(counter, 4)}${digits(node, 16)}` as HlcStamp;
}

/** A record of the log at this sequence. */
export function recordOf(
  content: RecordContent,
  sequence: number,
  stamp: HlcStamp,
  isKnown = true,
): ApplicableRecord {
  const bytes = canonicalBytes(content as never);
  const shard = content.kind === 'assertion' ? shardOf(content.concept_path) : allShards;
  return {
    id: recordIdOf(bytes),
    sequence,
    offset: 64 + sequence * 100,
    kind: isKnown ? kindNumber[content.kind] : 77,
    shard,
    stamp,
    proof: 'node',
    bytes,
    content: isKnown ? content : undefined,
  };
}

/** Records in the order of a log, sequences from 1; ids and stamps repeat. */
export const historyArbitrary = (lengthMax: number): fc.Arbitrary<readonly ApplicableRecord[]> =>
  fc
    .array(
      fc.record({
        content: contentArbitrary,
        ms: fc.integer({ min: 1, max: 12 }),
        proof: fc.constantFrom<AuthorProof[]>('signature', 'credential', 'node'),
        isKnown: fc.integer({ min: 0, max: 19 }).map((draw) => draw > 0),
        // One in three repeats an earlier content, by its place.
        repeats: fc.option(fc.nat(lengthMax), { nil: undefined, freq: 2 }),
      }),
      { maxLength: lengthMax },
    )
    .map((drafts) => {
      const kindsById = new Map<RecordId, boolean>();
      return drafts.map(({ ms, proof, isKnown, repeats, ...own }, index) => {
        const content = drafts[(repeats ?? index) % (index + 1)]?.content ?? own.content;
        // A record is known or not by its content, the same each time it comes.
        const draft = recordOf(content, index + 1, stampOf(ms), isKnown);
        const wasKnown = kindsById.get(draft.id) ?? isKnown;
        kindsById.set(draft.id, wasKnown);
        return { ...recordOf(content, index + 1, stampOf(ms), wasKnown), proof };
      });
    });

/** Cuts a history into batches at these places. */
export function split<T>(items: readonly T[], cuts: readonly number[]): readonly (readonly T[])[] {
  const places = [...new Set(cuts.map((cut) => cut % (items.length + 1)))].sort((a, b) => a - b);
  const bounds = [0, ...places, items.length];
  return bounds.slice(1).map((end, index) => items.slice(bounds[index], end));
}
