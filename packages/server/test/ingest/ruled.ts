/** A database with a policy, and records that its gates judge by real rules. */
import {
  defaultPolicyTable,
  type JsonObject,
  type KeyPair,
  keyPairFromSeed,
  type Outcome,
  type PolicyTable,
  type RecordId,
} from '@stemedb/model';
import type { Accepted, Submission } from '../../src/ingest/ingest.js';
import type { Principal } from '../../src/ingest/principal.js';
import { type SimulatedDatabase, simulatedDatabase } from '../support/databases.js';
import { accepted, author, claim, other, signedBy, startMs } from './room.js';

export const alice = author;
export const bob = other;
export const steward = keyPairFromSeed(new Uint8Array(32).fill(3));
export const judge = keyPairFromSeed(new Uint8Array(32).fill(4));
export const unknown = '9'.repeat(64);

export const openRuled = (policy: Partial<PolicyTable> = {}): Promise<SimulatedDatabase> =>
  simulatedDatabase({
    startMs,
    identity: 1,
    policy: {
      ...defaultPolicyTable,
      stewards: [steward.agentId],
      verdict_agents: [judge.agentId],
      ...policy,
    },
  });

const nodeOf = ({ database }: SimulatedDatabase): Principal => ({
  type: 'node',
  agentId: database.agentId,
});

/** Submits what an agent signed, or what nobody did. */
export const state = (
  target: SimulatedDatabase,
  submission: Submission,
  pair?: KeyPair,
): Promise<Outcome<Accepted>> =>
  target.database.ingest.submit(
    nodeOf(target),
    pair === undefined ? submission : signedBy(pair, submission),
  );

/** As `state`, of what has to be accepted; its id. */
export const stated = async (
  target: SimulatedDatabase,
  submission: Submission,
  pair?: KeyPair,
): Promise<RecordId> => accepted(await state(target, submission, pair)).id;

/** A claim that revises another, by default with the same value. */
export const child = (parent: string, more: JsonObject = {}): Submission =>
  claim(more.value ?? true, { ...more, parent, salt: salt() });

let salts = 0;

/** Makes contents that say the same differ. */
const salt = (): string => {
  salts += 1;
  return salts.toString(16).padStart(32, '0');
};

export const record = (kind: Submission['kind'], content: JsonObject): Submission => ({
  kind,
  content: { asserted_at: startMs, ...content },
});

export const retraction = (target: string, more: JsonObject = {}): Submission =>
  record('supersession', { target, action: 'retract', reason: 'wrong', ...more });
