// Claims signed by twenty agents, made as any client would make them.

import { createPrivateKey, sign } from 'node:crypto';
import {
  canonicalBytes,
  keyPairFromSeed,
  recordIdOf,
  signatureMessage,
} from '../packages/model/dist/src/index.js';
import { claimText, predicate, statedConcept } from './work.mjs';

const agentsCount = 20;

/** PKCS #8 in front of an Ed25519 seed (RFC 8410 section 7). */
const seedPrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

function makeAgent(number) {
  const seed = Buffer.alloc(32, number + 1);
  const der = Buffer.concat([seedPrefix, seed]);
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return { agentId: keyPairFromSeed(seed).agentId, key };
}

/** Bodies for `POST /v1/assert`; `first` makes them different from those of other runs. */
export function signedClaims(first, count) {
  const agents = Array.from({ length: agentsCount }, (_, number) => makeAgent(number));
  const asserted_at = Date.now();
  return Array.from({ length: count }, (_, at) => {
    const number = first + at;
    const { agentId, key } = agents[at % agentsCount];
    const concept_path = statedConcept(number);
    const stated = { concept_path, predicate, value: claimText(number), asserted_at };
    const content = { ...stated, kind: 'assertion', v: 1, agent_id: agentId };
    const id = recordIdOf(canonicalBytes(content));
    const signature = sign(null, signatureMessage('assertion', id), key).toString('hex');
    const signatures = [{ agent_id: agentId, signature }];
    return { ...stated, agent_id: agentId, signatures };
  });
}
