// Claims signed by twenty agents, made as any client would make them.

import { createPrivateKey, sign } from 'node:crypto';
import {
  canonicalBytes,
  keyPairFromSeed,
  recordIdOf,
  signatureMessage,
} from '../packages/model/dist/src/index.js';
import { agentsCount } from './work.mjs';

/** PKCS #8 in front of an Ed25519 seed (RFC 8410 section 7). */
const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function makeAgent(number) {
  const seed = Buffer.alloc(32, number + 1);
  const der = Buffer.concat([seedPrefix, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { agentId: keyPairFromSeed(seed).agentId, key };
}

const agents = Array.from({ length: agentsCount }, (_, number) => makeAgent(number));

/** The claim as the body of `POST /v1/assert`, signed by the agent with this number. */
export function signedClaim(claim, number) {
  const { agentId, key } = agents[number % agentsCount];
  const stated = { ...claim, asserted_at: claim.asserted_at ?? Date.now(), agent_id: agentId };
  const id = recordIdOf(canonicalBytes({ ...stated, kind: 'assertion', v: 1 }));
  const signature = sign(null, signatureMessage('assertion', id), key).toString('hex');
  return { ...stated, signatures: [{ agent_id: agentId, signature }] };
}
