/** Who acts in whole histories, what they say, and how a record of theirs is put together. */
import {
  type AgentId,
  canonicalBytes,
  defaultPolicyTable,
  type JsonObject,
  type JsonValue,
  type KeyPair,
  keyPairFromSeed,
  type NoteSigner,
  type PolicyTable,
  type RecordId,
  type RecordKind,
  recordIdOf,
  type SignatureHex,
  signatureMessage,
  toHex,
} from '@stemedb/model';
import type { Submission } from '../../../src/ingest/ingest.js';
import { sodiumNoteSigner } from '../../../src/log/merkle/sodium_signer.js';
import type { Seeded } from '../seeded.js';

export type Fields = Record<string, JsonValue>;

const pairs = new Map<AgentId, KeyPair>();

const agentOf = (number: number): AgentId => {
  const pair = keyPairFromSeed(new Uint8Array(32).fill(number));
  pairs.set(pair.agentId, pair);
  return pair.agentId;
};

/** Those who state claims; each may supersede what is theirs. */
export const authors: readonly AgentId[] = [agentOf(31), agentOf(32), agentOf(33)];
/** Named in most policies: supersedes what is another's. */
export const steward = agentOf(34);
/** Named in most policies: its verdicts count. */
export const judge = agentOf(35);
/** Named in no policy and author of few claims. */
export const stranger = agentOf(36);

export const everybody: readonly AgentId[] = [...authors, steward, judge, stranger];

/** The policy that whole histories begin with. */
export const firstPolicy: PolicyTable = {
  ...defaultPolicyTable,
  stewards: [steward],
  verdict_agents: [judge],
};

export const paths = ['lab/alpha', 'lab/alpha/one', 'lab/beta', 'fda://drug/x', 'wiki://é/ü'];
export const predicates = ['dose', 'approved', 'must_use:tls', 'forbidden:tls', 'prefer:ipv6'];
export const values: readonly Fields[] = [
  { value: 'yes' },
  { value: 'no' },
  { value: 10, unit: 'mg' },
  { value: 10, unit: 'g' },
];
export const classNames = ['regulatory', 'clinical', 'expert', 'anecdotal', 'invented'];

/** A record as a history has it, before it is decided how it arrives. */
export interface Draft {
  readonly kind: RecordKind;
  readonly id: RecordId;
  readonly content: Fields;
  readonly author: AgentId;
  /** Stated by the node for a caller who did not log in: unsigned. */
  readonly byNode: boolean;
}

export const draftOf = (
  kind: RecordKind,
  author: AgentId,
  fields: Fields,
  options: { readonly byNode?: boolean } = {},
): Draft => {
  const content = { ...fields, kind, v: 1, agent_id: author };
  const id = recordIdOf(canonicalBytes(content));
  return { kind, id, content, author, byNode: options.byNode ?? false };
};

const keyOf = (agent: AgentId): KeyPair => {
  const pair = pairs.get(agent);
  if (pair === undefined) throw new RangeError(`${agent} is not of the cast.`);
  return pair;
};

const signers = new Map<AgentId, NoteSigner>();

/** By the native library: the same bytes as the model's, some twenty times sooner. */
const signerOf = (agent: AgentId): NoteSigner => {
  const known = signers.get(agent);
  if (known !== undefined) return known;
  const made = sodiumNoteSigner(keyOf(agent).secretSeed);
  signers.set(agent, made);
  return made;
};

const signatures = new Map<string, SignatureHex>();

/** Each once a process: signing is what histories would mostly do. */
const signatureOf = (agent: AgentId, target: Draft): SignatureHex => {
  const key = `${agent}/${target.kind}/${target.id}`;
  const known = signatures.get(key);
  if (known !== undefined) return known;
  const message = signatureMessage(target.kind, target.id);
  const made = toHex(signerOf(agent).sign(message)) as SignatureHex;
  signatures.set(key, made);
  return made;
};

/** An attestation by which `agent` signs a record. */
export const attestationOf = (agent: AgentId, target: Draft): Draft => {
  const signature = signatureOf(agent, target);
  return draftOf('attestation', agent, { target: target.id, signature });
};

/** The draft as a caller submits it; signed, unless the node states it. */
export const submissionOf = (draft: Draft): Submission => {
  const { kind, content, author } = draft;
  if (draft.byNode || kind === 'attestation') return { kind, content: content as JsonObject };
  const signature = signatureOf(author, draft);
  return {
    kind,
    content: content as JsonObject,
    signatures: [{ agent_id: author, signature }],
  };
};

/** The author's time: mostly now, at times far back, so that the last is not the latest. */
export const assertedAt = (random: Seeded, wallMs: number): number => {
  if (random.chance(0.75)) return wallMs;
  return wallMs - (random.chance(0.5) ? random.below(5) : random.below(90 * 86_400_000));
};
