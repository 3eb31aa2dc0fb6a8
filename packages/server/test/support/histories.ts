/** Random histories of everything a node accepts: agents, sources, claims that contradict. */
import {
  type AgentId,
  canonicalBytes,
  type JsonObject,
  type JsonValue,
  type KeyPair,
  keyPairFromSeed,
  type RecordId,
  recordIdOf,
  sign,
} from '@stemedb/model';
import type { Submission } from '../../src/ingest/ingest.js';
import type { Seeded } from './seeded.js';

/** A submission and how far the wall clock moves before it, in milliseconds (may be negative). */
export interface Step {
  readonly submission: Submission;
  readonly wallStepMs: number;
}

const agents: readonly KeyPair[] = Array.from({ length: 5 }, (_, at) =>
  keyPairFromSeed(new Uint8Array(32).fill(at + 1)),
);
const paths = ['lab/alpha', 'lab/alpha/one', 'lab/beta', 'fda://drug/x', 'wiki://é/ü'];
const predicates = ['dose', 'approved'];
const values: readonly JsonObject[] = [
  { value: 'yes' },
  { value: 'no' },
  { value: 10, unit: 'mg' },
  { value: 10, unit: 'g' },
  { value: true },
  { value: { ref: 'lab/beta' } },
  { value: { json: { a: [1, null] } } },
];
const classes = ['regulatory', 'clinical', 'expert', 'anecdotal', 'invented'];
const uris = ['https://a.example/x', 'HTTPS://a.example/./x#top', 'https://b.example/'];

const signed = (kind: Submission['kind'], content: JsonObject, author: KeyPair): Submission => {
  const complete = { ...content, kind, v: 1, agent_id: author.agentId } as JsonObject;
  const id = recordIdOf(canonicalBytes(complete));
  const signature = sign(kind, id, author.secretSeed);
  return { kind, content: complete, signatures: [{ agent_id: author.agentId, signature }] };
};

const idOf = (submission: Submission): RecordId => recordIdOf(canonicalBytes(submission.content));

const sourceStep = (random: Seeded, wallMs: number): Submission => {
  const content: Record<string, JsonValue> = {
    title: `source ${random.below(4)}`,
    asserted_at: wallMs - random.below(1000),
  };
  if (random.chance(0.7)) content.uri = random.pick(uris);
  if (content.uri === undefined || random.chance(0.2)) {
    content.content_hash = String(random.below(3)).repeat(64);
  }
  if (random.chance(0.5)) content.class = random.pick(classes);
  return signed('source', content, random.pick(agents));
};

const citation = (random: Seeded, known: readonly RecordId[]): Record<string, JsonValue> => {
  const unknown = '9'.repeat(64);
  const some = (): RecordId | string =>
    known.length > 0 && random.chance(0.9) ? random.pick(known) : unknown;
  const members: Record<string, JsonValue> = {};
  if (random.chance(0.4)) members.source = some();
  else if (random.chance(0.3)) members.source_uri = random.pick(uris);
  if (random.chance(0.3)) members.derived_from = [...new Set([some(), some()])];
  return members;
};

const claimStep = (
  random: Seeded,
  wallMs: number,
  sources: readonly RecordId[],
  claims: readonly RecordId[],
): Submission => {
  const content: Record<string, JsonValue> = {
    concept_path: random.pick(paths),
    predicate: random.pick(predicates),
    ...random.pick(values),
    ...citation(random, random.chance(0.8) ? sources : claims.length > 0 ? claims : sources),
    asserted_at: wallMs - (random.chance(0.3) ? random.below(90 * 86_400_000) : 0),
  };
  // A source that a claim cites must be one; premises may be either.
  if (content.source !== undefined && !sources.includes(content.source as RecordId)) {
    content.source = '9'.repeat(64);
  }
  if (random.chance(0.6)) content.confidence = random.pick([0, 0.1, 0.333, 0.5, 0.9, 1]);
  if (random.chance(0.4)) content.source_class = random.pick(classes);
  if (random.chance(0.1)) content.lifecycle = random.pick(['under_review', 'proposed']);
  return signed('assertion', content, random.pick(agents));
};

/** Sources of one history; claims cite them before and after they are registered. */
const sourcesPerHistory = 8;

/** A history of `length` steps, from a wall clock at `startMs`. */
export const randomHistory = (random: Seeded, length: number, startMs: number): readonly Step[] => {
  const steps: Step[] = [];
  const unregistered = Array.from({ length: sourcesPerHistory }, () => sourceStep(random, startMs));
  const sources = unregistered.map(idOf);
  const claims: RecordId[] = [];
  let wallMs = startMs;
  for (let at = 0; at < length; at += 1) {
    const wallStepMs = random.chance(0.05) ? -random.below(5000) : random.below(3);
    wallMs += wallStepMs;
    const source = random.chance(0.12) ? unregistered.pop() : undefined;
    const again = steps.length > 0 && random.chance(0.08) ? random.pick(steps) : undefined;
    const submission = source ?? again?.submission ?? claimStep(random, wallMs, sources, claims);
    if (submission.kind === 'assertion') claims.push(idOf(submission));
    steps.push({ submission, wallStepMs });
  }
  return steps;
};

/** The agents that histories are written by, for filters. */
export const historyAgents: readonly AgentId[] = agents.map((pair) => pair.agentId);
